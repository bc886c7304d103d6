"""Keep conversations with the assistant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("analytics")
    op.create_table(
        "conversations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("system_prompt", sa.Text(), nullable=True),
        sa.Column("message_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_event", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conversations")),
        schema="analytics",
    )
    op.isolate_tenants("conversations", schema="analytics")
    op.create_index(
        "ix_conversations_active_at", "conversations", ["active_at"], unique=False, schema="analytics"
    )
    op.create_index(
        "ix_conversations_by_title",
        "conversations",
        ["tenant_id", "user_id", "title", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_conversations_by_updated_at",
        "conversations",
        ["tenant_id", "user_id", "updated_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_conversations_created_at",
        "conversations",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_conversations_person_user_id",
        "conversations",
        ["user_id"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_search",
        "conversations",
        [sa.literal_column("analytics.search_grams(user_id, ARRAY[title])")],
        unique=False,
        schema="analytics",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_table(
        "token_usages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "month", name=op.f("pk_token_usages")),
        schema="analytics",
    )
    op.isolate_tenants("token_usages", schema="analytics")
    op.create_table(
        "conversation_events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "conversation_id"],
            ["analytics.conversations.tenant_id", "analytics.conversations.id"],
            name=op.f("fk_conversation_events_tenant_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "conversation_id", "seq", name=op.f("pk_conversation_events")),
        schema="analytics",
    )
    op.isolate_tenants("conversation_events", schema="analytics")
    op.create_index(
        "ix_conversation_events_person_user_id",
        "conversation_events",
        ["user_id"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "conversation_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tool_calls", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("degraded", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("notice", sa.Text(), nullable=True),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        sa.Column("answer_id", sa.Uuid(), nullable=True),
        sa.Column("tz", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default="1", nullable=False),
        sa.Column("answering_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "conversation_id"],
            ["analytics.conversations.tenant_id", "analytics.conversations.id"],
            name=op.f("fk_conversation_messages_tenant_id_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_conversation_messages")),
        schema="analytics",
    )
    op.isolate_tenants("conversation_messages", schema="analytics")
    op.create_index(
        "ix_conversation_messages_created_at",
        "conversation_messages",
        ["tenant_id", "conversation_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_conversation_messages_overdue",
        "conversation_messages",
        ["answering_until"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("status = 'answering'"),
    )
    op.create_index(
        "ix_conversation_messages_person_user_id",
        "conversation_messages",
        ["user_id"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_index(
        "uq_conversation_messages_answering",
        "conversation_messages",
        ["tenant_id", "conversation_id"],
        unique=True,
        schema="analytics",
        postgresql_where=sa.text("status = 'answering'"),
    )
    op.create_index(
        "uq_conversation_messages_idempotency_key",
        "conversation_messages",
        ["tenant_id", "conversation_id", "idempotency_key"],
        unique=True,
        schema="analytics",
    )
    op.create_index(
        "uq_conversation_messages_question_id",
        "conversation_messages",
        ["tenant_id", "question_id"],
        unique=True,
        schema="analytics",
    )


def downgrade() -> None:
    op.drop_index(
        "uq_conversation_messages_question_id", table_name="conversation_messages", schema="analytics"
    )
    op.drop_index(
        "uq_conversation_messages_idempotency_key", table_name="conversation_messages", schema="analytics"
    )
    op.drop_index(
        "uq_conversation_messages_answering",
        table_name="conversation_messages",
        schema="analytics",
        postgresql_where=sa.text("status = 'answering'"),
    )
    op.drop_index(
        "ix_conversation_messages_person_user_id",
        table_name="conversation_messages",
        schema="analytics",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_conversation_messages_overdue",
        table_name="conversation_messages",
        schema="analytics",
        postgresql_where=sa.text("status = 'answering'"),
    )
    op.drop_index(
        "ix_conversation_messages_created_at", table_name="conversation_messages", schema="analytics"
    )
    op.drop_table("conversation_messages", schema="analytics")
    op.drop_index(
        "ix_conversation_events_person_user_id",
        table_name="conversation_events",
        schema="analytics",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_table("conversation_events", schema="analytics")
    op.drop_table("token_usages", schema="analytics")
    op.drop_index(
        "ix_conversations_search",
        table_name="conversations",
        schema="analytics",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_conversations_person_user_id",
        table_name="conversations",
        schema="analytics",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index("ix_conversations_created_at", table_name="conversations", schema="analytics")
    op.drop_index("ix_conversations_by_updated_at", table_name="conversations", schema="analytics")
    op.drop_index("ix_conversations_by_title", table_name="conversations", schema="analytics")
    op.drop_index("ix_conversations_active_at", table_name="conversations", schema="analytics")
    op.drop_table("conversations", schema="analytics")
