"""Search refunds and postings."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("ledger_transactions", ["description"], schema="payments")
    op.create_search_index_online("refunds", ["reason", "failure_reason"], schema="payments")


def downgrade() -> None:
    op.drop_index_online("ix_refunds_search", schema="payments")
    op.drop_index_online("ix_ledger_transactions_search", schema="payments")
