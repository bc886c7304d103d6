"""Search refunds and postings."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SEARCHED = (
    ("ledger_transactions", "tenant_id, ARRAY[description]"),
    ("refunds", "tenant_id, ARRAY[reason, failure_reason]"),
)


def upgrade() -> None:
    for table, looked_at in _SEARCHED:
        op.create_index_online(
            f"ix_{table}_search",
            table,
            [sa.literal_column(f"payments.search_grams({looked_at})")],
            schema="payments",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": "256"},
        )
        # No figures about pieces of words are needed, and gathering them would cut up every text anew.
        op.execute(f"ALTER INDEX payments.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    for table, _ in _SEARCHED:
        op.drop_index_online(f"ix_{table}_search", schema="payments")
