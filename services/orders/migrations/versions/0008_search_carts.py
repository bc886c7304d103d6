"""Search carts."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("carts", ["email", "note"], schema="orders")


def downgrade() -> None:
    op.drop_index_online("ix_carts_search", schema="orders")
