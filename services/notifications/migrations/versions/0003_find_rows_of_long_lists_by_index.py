"""Find rows of long lists by index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("notifications")
    op.create_index_online(
        "ix_mailbox_messages_search",
        "mailbox_messages",
        [sa.literal_column("notifications.search_grams(tenant_id, ARRAY[subject, text])")],
        schema="notifications",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_templates_by_type", "templates", ["tenant_id", "type", "id"], schema="notifications"
    )
    op.create_index_online(
        "ix_templates_by_updated_at",
        "templates",
        ["tenant_id", "updated_at", "id"],
        schema="notifications",
    )
    op.create_index_online(
        "ix_templates_search",
        "templates",
        [sa.literal_column("notifications.search_grams(tenant_id, ARRAY[subject, text])")],
        schema="notifications",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in (
        "mailbox_messages",
        "templates",
    ):
        op.execute(f"ALTER INDEX notifications.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_index(
        "ix_templates_search",
        table_name="templates",
        schema="notifications",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_templates_by_updated_at", table_name="templates", schema="notifications")
    op.drop_index("ix_templates_by_type", table_name="templates", schema="notifications")
    op.drop_index(
        "ix_mailbox_messages_search",
        table_name="mailbox_messages",
        schema="notifications",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
