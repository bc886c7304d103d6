"""Note what products were asked for as."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("assigned_products", sa.Column("asked", sa.Text(), nullable=True), schema="crm")


def downgrade() -> None:
    op.drop_column("assigned_products", "asked", schema="crm")
