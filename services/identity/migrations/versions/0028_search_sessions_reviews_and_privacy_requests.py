"""Search sessions reviews and privacy requests."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_SEARCHED = (
    ("privacy_requests", "tenant_id, ARRAY[email, reason]"),
    ("registration_requirements", "tenant_id, ARRAY[code, label, description]"),
    ("registration_rules", "tenant_id, ARRAY[name]"),
    ("review_delegations", "tenant_id, ARRAY[reason]"),
    ("sessions", "user_id, ARRAY[user_agent, address]"),
)


def upgrade() -> None:
    for table, looked_at in _SEARCHED:
        op.create_index_online(
            f"ix_{table}_search",
            table,
            [sa.literal_column(f"identity.search_grams({looked_at})")],
            schema="identity",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": "256"},
        )
        # No figures about pieces of words are needed, and gathering them would cut up every text anew.
        op.execute(f"ALTER INDEX identity.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    for table, _ in _SEARCHED:
        op.drop_index_online(f"ix_{table}_search", schema="identity")
