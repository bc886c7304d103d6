"""Search an inbox by index."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index_online(
        "ix_notifications_search",
        "notifications",
        [sa.literal_column("notifications.search_grams(user_id, ARRAY[title, body])")],
        schema="notifications",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    op.execute("ALTER INDEX notifications.ix_notifications_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_index_online("ix_notifications_search", schema="notifications")
