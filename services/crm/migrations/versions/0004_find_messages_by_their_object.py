"""Find messages by their object."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index_online(
        "ix_chat_messages_object_id",
        "chat_messages",
        ["tenant_id", "object_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )


def downgrade() -> None:
    op.drop_index("ix_chat_messages_object_id", table_name="chat_messages", schema="crm")
