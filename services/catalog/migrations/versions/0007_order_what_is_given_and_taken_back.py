"""Order what is given and taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("run", sa.BigInteger(), server_default="0", nullable=False)
    op.add_column("assigned_products", column, schema="catalog")


def downgrade() -> None:
    op.drop_column("assigned_products", "run", schema="catalog")
