"""Keep the tax that lines contain."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order_lines", sa.Column("tax_included_amount", sa.BigInteger(), nullable=True), schema="orders"
    )


def downgrade() -> None:
    op.drop_column("order_lines", "tax_included_amount", schema="orders")
