"""Find what an inbox shows."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COLUMNS = ["tenant_id", "user_id", "created_at", "id"]
_INDEXES = {
    "ix_notifications_inbox": "archived_at IS NULL",
    "ix_notifications_read": "read_at IS NOT NULL AND archived_at IS NULL",
    "ix_notifications_archived": "archived_at IS NOT NULL",
}


def upgrade() -> None:
    for name, condition in _INDEXES.items():
        op.create_index_online(
            name,
            "notifications",
            _COLUMNS,
            unique=False,
            schema="notifications",
            postgresql_where=sa.text(condition),
        )
    # Every list names one of the four, of the previous release too.
    op.drop_index_online("ix_notifications_user_id", schema="notifications")


def downgrade() -> None:
    op.create_index_online("ix_notifications_user_id", "notifications", _COLUMNS, schema="notifications")
    for name in _INDEXES:
        op.drop_index_online(name, schema="notifications")
