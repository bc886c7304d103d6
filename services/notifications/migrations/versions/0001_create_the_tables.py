"""Create the tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=True),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("envelope", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letters")),
        schema="notifications",
    )
    op.isolate_tenants("dead_letters", schema="notifications")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="notifications",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("provider_message_id", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "status NOT IN ('sent', 'failed') OR attempts > 0", name=op.f("ck_deliveries_attempted")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deliveries")),
        schema="notifications",
    )
    op.isolate_tenants("deliveries", schema="notifications")
    op.create_index(
        "ix_deliveries_channel",
        "deliveries",
        ["tenant_id", "channel", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_deliveries_created_at",
        "deliveries",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["due_at"],
        unique=False,
        schema="notifications",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_deliveries_recipient",
        "deliveries",
        ["tenant_id", "recipient", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_deliveries_status",
        "deliveries",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_deliveries_type",
        "deliveries",
        ["tenant_id", "type", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_deliveries_user_id",
        "deliveries",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "uq_deliveries_dedupe_key",
        "deliveries",
        ["tenant_id", "dedupe_key"],
        unique=True,
        schema="notifications",
    )
    op.create_table(
        "devices",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_devices")),
        schema="notifications",
    )
    op.create_index(
        "ix_devices_user_id", "devices", ["user_id", "created_at"], unique=False, schema="notifications"
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "scope", "key", name=op.f("pk_idempotency_keys")),
        schema="notifications",
    )
    op.isolate_tenants("idempotency_keys", schema="notifications")
    op.create_index(
        "ix_idempotency_keys_created_at",
        "idempotency_keys",
        ["created_at"],
        unique=False,
        schema="notifications",
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="notifications",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="notifications")
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="notifications",
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dead_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        schema="notifications",
    )
    op.isolate_tenants("jobs", schema="notifications")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="notifications",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="notifications")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="notifications",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "mailbox_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_mailbox_messages")),
        schema="notifications",
    )
    op.isolate_tenants("mailbox_messages", schema="notifications")
    op.create_index(
        "ix_mailbox_messages_created_at",
        "mailbox_messages",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_mailbox_messages_recipient",
        "mailbox_messages",
        ["tenant_id", "recipient", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_table(
        "notifications",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("object_type", sa.Text(), nullable=True),
        sa.Column("object_id", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("seq", name=op.f("uq_notifications_seq")),
        schema="notifications",
    )
    op.isolate_tenants("notifications", schema="notifications")
    op.create_index(
        "ix_notifications_seq",
        "notifications",
        ["tenant_id", "user_id", "seq"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_notifications_type",
        "notifications",
        ["tenant_id", "user_id", "type", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
        schema="notifications",
        postgresql_where=sa.text("read_at IS NULL AND archived_at IS NULL"),
    )
    op.create_index(
        "ix_notifications_user_id",
        "notifications",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "uq_notifications_dedupe_key",
        "notifications",
        ["tenant_id", "dedupe_key"],
        unique=True,
        schema="notifications",
    )
    op.create_table(
        "order_contacts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", name=op.f("pk_order_contacts")),
        schema="notifications",
    )
    op.isolate_tenants("order_contacts", schema="notifications")
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("causation_id", sa.Text(), nullable=True),
        sa.Column("traceparent", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        schema="notifications",
    )
    op.isolate_tenants("outbox", schema="notifications")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="notifications",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="notifications"
    )
    op.create_table(
        "preferences",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("channels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quiet_start", sa.Time(), nullable=True),
        sa.Column("quiet_end", sa.Time(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_preferences")),
        schema="notifications",
    )
    op.isolate_tenants("preferences", schema="notifications")
    op.create_table(
        "recipients",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_recipients")),
        schema="notifications",
    )
    op.isolate_tenants("recipients", schema="notifications")
    op.create_index(
        "ix_recipients_staff",
        "recipients",
        ["tenant_id"],
        unique=False,
        schema="notifications",
        postgresql_where=sa.text("is_staff AND active"),
    )
    op.create_index("ix_recipients_user_id", "recipients", ["user_id"], unique=False, schema="notifications")
    op.create_table(
        "sandbox_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("message", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sandbox_messages")),
        schema="notifications",
    )
    op.isolate_tenants("sandbox_messages", schema="notifications")
    op.create_index(
        "ix_sandbox_messages_created_at",
        "sandbox_messages",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_sandbox_messages_token",
        "sandbox_messages",
        ["tenant_id", "token", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_table(
        "templates",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_templates")),
        schema="notifications",
    )
    op.isolate_tenants("templates", schema="notifications")
    op.create_index(
        "ix_templates_channel",
        "templates",
        ["tenant_id", "channel", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_templates_created_at",
        "templates",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_templates_locale",
        "templates",
        ["tenant_id", "locale", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "ix_templates_type",
        "templates",
        ["tenant_id", "type", "created_at", "id"],
        unique=False,
        schema="notifications",
    )
    op.create_index(
        "uq_templates_type_channel_locale",
        "templates",
        ["tenant_id", "type", "channel", "locale"],
        unique=True,
        schema="notifications",
    )


def downgrade() -> None:
    op.drop_index("uq_templates_type_channel_locale", table_name="templates", schema="notifications")
    op.drop_index("ix_templates_type", table_name="templates", schema="notifications")
    op.drop_index("ix_templates_locale", table_name="templates", schema="notifications")
    op.drop_index("ix_templates_created_at", table_name="templates", schema="notifications")
    op.drop_index("ix_templates_channel", table_name="templates", schema="notifications")
    op.drop_table("templates", schema="notifications")
    op.drop_index("ix_sandbox_messages_token", table_name="sandbox_messages", schema="notifications")
    op.drop_index("ix_sandbox_messages_created_at", table_name="sandbox_messages", schema="notifications")
    op.drop_table("sandbox_messages", schema="notifications")
    op.drop_index("ix_recipients_user_id", table_name="recipients", schema="notifications")
    op.drop_index(
        "ix_recipients_staff",
        table_name="recipients",
        schema="notifications",
        postgresql_where=sa.text("is_staff AND active"),
    )
    op.drop_table("recipients", schema="notifications")
    op.drop_table("preferences", schema="notifications")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="notifications")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="notifications",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="notifications")
    op.drop_table("order_contacts", schema="notifications")
    op.drop_index("uq_notifications_dedupe_key", table_name="notifications", schema="notifications")
    op.drop_index("ix_notifications_user_id", table_name="notifications", schema="notifications")
    op.drop_index(
        "ix_notifications_unread",
        table_name="notifications",
        schema="notifications",
        postgresql_where=sa.text("read_at IS NULL AND archived_at IS NULL"),
    )
    op.drop_index("ix_notifications_type", table_name="notifications", schema="notifications")
    op.drop_index("ix_notifications_seq", table_name="notifications", schema="notifications")
    op.drop_table("notifications", schema="notifications")
    op.drop_index("ix_mailbox_messages_recipient", table_name="mailbox_messages", schema="notifications")
    op.drop_index("ix_mailbox_messages_created_at", table_name="mailbox_messages", schema="notifications")
    op.drop_table("mailbox_messages", schema="notifications")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="notifications",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="notifications")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="notifications",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="notifications")
    op.drop_table("job_schedules", schema="notifications")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="notifications")
    op.drop_table("inbox", schema="notifications")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="notifications")
    op.drop_table("idempotency_keys", schema="notifications")
    op.drop_index("ix_devices_user_id", table_name="devices", schema="notifications")
    op.drop_table("devices", schema="notifications")
    op.drop_index("uq_deliveries_dedupe_key", table_name="deliveries", schema="notifications")
    op.drop_index("ix_deliveries_user_id", table_name="deliveries", schema="notifications")
    op.drop_index("ix_deliveries_type", table_name="deliveries", schema="notifications")
    op.drop_index("ix_deliveries_status", table_name="deliveries", schema="notifications")
    op.drop_index("ix_deliveries_recipient", table_name="deliveries", schema="notifications")
    op.drop_index(
        "ix_deliveries_due",
        table_name="deliveries",
        schema="notifications",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_deliveries_created_at", table_name="deliveries", schema="notifications")
    op.drop_index("ix_deliveries_channel", table_name="deliveries", schema="notifications")
    op.drop_table("deliveries", schema="notifications")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="notifications",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="notifications")
