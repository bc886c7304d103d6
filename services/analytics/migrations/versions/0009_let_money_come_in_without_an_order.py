"""Let money come in without an order."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("money_facts", "order_id", nullable=True, schema="analytics")


def downgrade() -> None:
    op.execute("DELETE FROM analytics.money_facts WHERE order_id IS NULL")
    op.alter_column("money_facts", "order_id", nullable=False, schema="analytics")
