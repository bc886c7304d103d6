"""Search deliveries."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("deliveries", ["subject", "last_error"], schema="notifications")


def downgrade() -> None:
    op.drop_index_online("ix_deliveries_search", schema="notifications")
