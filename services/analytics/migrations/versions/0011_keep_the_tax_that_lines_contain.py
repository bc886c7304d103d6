"""Keep the tax that lines contain."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "order_line_facts", sa.Column("tax_included", sa.BigInteger(), nullable=True), schema="analytics"
    )


def downgrade() -> None:
    op.drop_column("order_line_facts", "tax_included", schema="analytics")
