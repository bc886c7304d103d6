"""Search stages and runs of rules."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SEARCHED = (
    ("automation_runs", "tenant_id, ARRAY[event, reason]"),
    ("stages", "tenant_id, ARRAY[name]"),
)


def upgrade() -> None:
    for table, looked_at in _SEARCHED:
        op.create_index_online(
            f"ix_{table}_search",
            table,
            [sa.literal_column(f"crm.search_grams({looked_at})")],
            schema="crm",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": "256"},
        )
        # No figures about pieces of words are needed, and gathering them would cut up every text anew.
        op.execute(f"ALTER INDEX crm.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    for table, _ in _SEARCHED:
        op.drop_index_online(f"ix_{table}_search", schema="crm")
