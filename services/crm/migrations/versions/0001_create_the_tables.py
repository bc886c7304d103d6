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
        "assigned_products",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "company_id", "sku", name=op.f("pk_assigned_products")),
        schema="crm",
    )
    op.isolate_tenants("assigned_products", schema="crm")
    op.create_table(
        "chat_threads",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("message_count", sa.BigInteger(), nullable=False),
        sa.Column("last_message_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chat_threads")),
        schema="crm",
    )
    op.isolate_tenants("chat_threads", schema="crm")
    op.create_index(
        "ix_chat_threads_created_at",
        "chat_threads",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_chat_threads_last_message_at",
        "chat_threads",
        ["tenant_id", "last_message_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_chat_threads_object_id",
        "chat_threads",
        ["tenant_id", "object_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_chat_threads_object_type",
        "chat_threads",
        ["tenant_id", "object_type", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "uq_chat_threads_object_type_object_id",
        "chat_threads",
        ["tenant_id", "object_type", "object_id"],
        unique=True,
        schema="crm",
    )
    op.create_table(
        "companies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("applicant_company_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_companies")),
        schema="crm",
    )
    op.isolate_tenants("companies", schema="crm")
    op.create_index(
        "ix_companies_applicant_company_id",
        "companies",
        ["tenant_id", "applicant_company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_companies_created_at", "companies", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_companies_name",
        "companies",
        ["tenant_id", "name", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_companies_owner_id",
        "companies",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_companies_updated_at",
        "companies",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
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
        schema="crm",
    )
    op.isolate_tenants("dead_letters", schema="crm")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("resolved_at IS NULL"),
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
        schema="crm",
    )
    op.isolate_tenants("idempotency_keys", schema="crm")
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, schema="crm"
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="crm",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="crm")
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="crm",
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
        schema="crm",
    )
    op.isolate_tenants("jobs", schema="crm")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="crm")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "memos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_memos")),
        schema="crm",
    )
    op.isolate_tenants("memos", schema="crm")
    op.create_index(
        "ix_memos_author_id",
        "memos",
        ["tenant_id", "author_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_memos_created_at", "memos", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_memos_updated_at",
        "memos",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
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
        schema="crm",
    )
    op.isolate_tenants("outbox", schema="crm")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="crm")
    op.create_table(
        "people",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_colleague", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "user_id", name=op.f("pk_people")),
        schema="crm",
    )
    op.isolate_tenants("people", schema="crm")
    op.create_table(
        "pipelines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("won_reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lost_reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_pipelines")),
        schema="crm",
    )
    op.isolate_tenants("pipelines", schema="crm")
    op.create_index(
        "ix_pipelines_created_at", "pipelines", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_pipelines_position",
        "pipelines",
        ["tenant_id", "position", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_pipelines_updated_at",
        "pipelines",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "uq_pipelines_default",
        "pipelines",
        ["tenant_id"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("is_default AND deleted_at IS NULL"),
    )
    op.create_index(
        "uq_pipelines_name",
        "pipelines",
        ["tenant_id", "name"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "chat_members",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["crm.chat_threads.tenant_id", "crm.chat_threads.id"],
            name=op.f("fk_chat_members_tenant_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "thread_id", "user_id", name=op.f("pk_chat_members")),
        schema="crm",
    )
    op.isolate_tenants("chat_members", schema="crm")
    op.create_table(
        "chat_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("mentions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "thread_id"],
            ["crm.chat_threads.tenant_id", "crm.chat_threads.id"],
            name=op.f("fk_chat_messages_tenant_id_thread_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_chat_messages")),
        schema="crm",
    )
    op.isolate_tenants("chat_messages", schema="crm")
    op.create_index(
        "ix_chat_messages_author_id",
        "chat_messages",
        ["tenant_id", "author_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_chat_messages_created_at",
        "chat_messages",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_chat_messages_object",
        "chat_messages",
        ["tenant_id", "object_type", "object_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_chat_messages_thread_id",
        "chat_messages",
        ["tenant_id", "thread_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "contacts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["crm.companies.tenant_id", "crm.companies.id"],
            name=op.f("fk_contacts_tenant_id_company_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_contacts")),
        schema="crm",
    )
    op.isolate_tenants("contacts", schema="crm")
    op.create_index(
        "ix_contacts_company_id",
        "contacts",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_contacts_created_at", "contacts", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_contacts_email",
        "contacts",
        ["tenant_id", "email", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_contacts_name", "contacts", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_contacts_owner_id",
        "contacts",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_contacts_updated_at",
        "contacts",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "memo_recipients",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("memo_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "memo_id"],
            ["crm.memos.tenant_id", "crm.memos.id"],
            name=op.f("fk_memo_recipients_tenant_id_memo_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "memo_id", "user_id", name=op.f("pk_memo_recipients")),
        schema="crm",
    )
    op.isolate_tenants("memo_recipients", schema="crm")
    op.create_index(
        "ix_memo_recipients_user_id",
        "memo_recipients",
        ["tenant_id", "user_id", "memo_id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "stages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.BigInteger(), nullable=False),
        sa.Column("required_fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('open', 'won', 'lost')", name=op.f("ck_stages_kind")),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name=op.f("ck_stages_probability")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id"],
            ["crm.pipelines.tenant_id", "crm.pipelines.id"],
            name=op.f("fk_stages_tenant_id_pipeline_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_stages")),
        schema="crm",
    )
    op.isolate_tenants("stages", schema="crm")
    op.create_index(
        "ix_stages_created_at", "stages", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_stages_kind", "stages", ["tenant_id", "kind", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_stages_pipeline_id",
        "stages",
        ["tenant_id", "pipeline_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_stages_position",
        "stages",
        ["tenant_id", "position", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_stages_updated_at",
        "stages",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "uq_stages_closing",
        "stages",
        ["tenant_id", "pipeline_id", "kind"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("kind <> 'open' AND deleted_at IS NULL"),
    )
    op.create_index(
        "uq_stages_name",
        "stages",
        ["tenant_id", "pipeline_id", "name"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "deals",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("stage_id", sa.Uuid(), nullable=False),
        sa.Column("stage_entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("won_reason", sa.Text(), nullable=True),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column("applicant_company_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name=op.f("ck_deals_closed_at")),
        sa.CheckConstraint("status IN ('open', 'won', 'lost')", name=op.f("ck_deals_status")),
        sa.CheckConstraint("amount_minor >= 0", name=op.f("ck_deals_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["crm.companies.tenant_id", "crm.companies.id"],
            name=op.f("fk_deals_tenant_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name=op.f("fk_deals_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "pipeline_id"],
            ["crm.pipelines.tenant_id", "crm.pipelines.id"],
            name=op.f("fk_deals_tenant_id_pipeline_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "stage_id"],
            ["crm.stages.tenant_id", "crm.stages.id"],
            name=op.f("fk_deals_tenant_id_stage_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deals")),
        schema="crm",
    )
    op.isolate_tenants("deals", schema="crm")
    op.create_index(
        "ix_deals_amount_minor",
        "deals",
        ["tenant_id", "amount_minor", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_applicant_company_id",
        "deals",
        ["tenant_id", "applicant_company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_closed_at",
        "deals",
        ["tenant_id", "closed_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_company_id",
        "deals",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_contact_id",
        "deals",
        ["tenant_id", "contact_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_created_at", "deals", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_deals_expected_close_on",
        "deals",
        ["tenant_id", "expected_close_on", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_name", "deals", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_deals_owner_id",
        "deals",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_pipeline_id",
        "deals",
        ["tenant_id", "pipeline_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_source", "deals", ["tenant_id", "source", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_deals_stage_id",
        "deals",
        ["tenant_id", "stage_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_deals_status", "deals", ["tenant_id", "status", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_deals_updated_at",
        "deals",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "uq_deals_registration_id",
        "deals",
        ["tenant_id", "registration_id"],
        unique=True,
        schema="crm",
        postgresql_where=sa.text("registration_id IS NOT NULL"),
    )
    op.create_table(
        "deal_lines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_deal_lines_quantity")),
        sa.CheckConstraint("unit_price_minor >= 0", name=op.f("ck_deal_lines_unit_price")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["crm.deals.tenant_id", "crm.deals.id"],
            name=op.f("fk_deal_lines_tenant_id_deal_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_deal_lines")),
        schema="crm",
    )
    op.isolate_tenants("deal_lines", schema="crm")
    op.create_index(
        "ix_deal_lines_deal_id",
        "deal_lines",
        ["tenant_id", "deal_id", "position"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "leads",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'converted') = (converted_at IS NOT NULL)", name=op.f("ck_leads_converted_at")
        ),
        sa.CheckConstraint(
            "status IN ('new', 'contacted', 'qualified', 'unqualified', 'converted')",
            name=op.f("ck_leads_status"),
        ),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name=op.f("ck_leads_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["crm.companies.tenant_id", "crm.companies.id"],
            name=op.f("fk_leads_tenant_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name=op.f("fk_leads_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["crm.deals.tenant_id", "crm.deals.id"],
            name=op.f("fk_leads_tenant_id_deal_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_leads")),
        schema="crm",
    )
    op.isolate_tenants("leads", schema="crm")
    op.create_index(
        "ix_leads_company_id",
        "leads",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_leads_created_at", "leads", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_leads_deal_id", "leads", ["tenant_id", "deal_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_leads_email", "leads", ["tenant_id", "email", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_leads_name", "leads", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_leads_owner_id",
        "leads",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_leads_source", "leads", ["tenant_id", "source", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_leads_status", "leads", ["tenant_id", "status", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_leads_updated_at",
        "leads",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "projects",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('planned', 'active', 'on_hold', 'completed', 'cancelled')",
            name=op.f("ck_projects_status"),
        ),
        sa.CheckConstraint("due_on >= starts_on", name=op.f("ck_projects_due_on")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["crm.companies.tenant_id", "crm.companies.id"],
            name=op.f("fk_projects_tenant_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["crm.deals.tenant_id", "crm.deals.id"],
            name=op.f("fk_projects_tenant_id_deal_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_projects")),
        schema="crm",
    )
    op.isolate_tenants("projects", schema="crm")
    op.create_index(
        "ix_projects_company_id",
        "projects",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_projects_created_at", "projects", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_projects_deal_id",
        "projects",
        ["tenant_id", "deal_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_projects_due_on",
        "projects",
        ["tenant_id", "due_on", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_projects_name", "projects", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_projects_owner_id",
        "projects",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_projects_status",
        "projects",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_projects_updated_at",
        "projects",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "requests",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("budget_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('new', 'in_progress', 'answered', 'closed')", name=op.f("ck_requests_status")
        ),
        sa.CheckConstraint("(budget_minor IS NULL) = (currency IS NULL)", name=op.f("ck_requests_budget")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["crm.companies.tenant_id", "crm.companies.id"],
            name=op.f("fk_requests_tenant_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name=op.f("fk_requests_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["crm.deals.tenant_id", "crm.deals.id"],
            name=op.f("fk_requests_tenant_id_deal_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_requests")),
        schema="crm",
    )
    op.isolate_tenants("requests", schema="crm")
    op.create_index(
        "ix_requests_company_id",
        "requests",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_contact_id",
        "requests",
        ["tenant_id", "contact_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_created_at", "requests", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_requests_deal_id",
        "requests",
        ["tenant_id", "deal_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_due_at",
        "requests",
        ["tenant_id", "due_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_name", "requests", ["tenant_id", "name", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_requests_owner_id",
        "requests",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_source",
        "requests",
        ["tenant_id", "source", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_status",
        "requests",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_requests_updated_at",
        "requests",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "stage_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("from_stage_id", sa.Uuid(), nullable=True),
        sa.Column("to_stage_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("seconds_in_stage", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["crm.deals.tenant_id", "crm.deals.id"],
            name=op.f("fk_stage_changes_tenant_id_deal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "from_stage_id"],
            ["crm.stages.tenant_id", "crm.stages.id"],
            name=op.f("fk_stage_changes_tenant_id_from_stage_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "to_stage_id"],
            ["crm.stages.tenant_id", "crm.stages.id"],
            name=op.f("fk_stage_changes_tenant_id_to_stage_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_stage_changes")),
        schema="crm",
    )
    op.isolate_tenants("stage_changes", schema="crm")
    op.create_index(
        "ix_stage_changes_deal_id",
        "stage_changes",
        ["tenant_id", "deal_id", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "tasks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("completed_by_id", sa.Uuid(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'done') = (completed_at IS NOT NULL)", name=op.f("ck_tasks_completed_at")
        ),
        sa.CheckConstraint(
            "status IN ('todo', 'in_progress', 'done', 'cancelled')", name=op.f("ck_tasks_status")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "company_id"],
            ["crm.companies.tenant_id", "crm.companies.id"],
            name=op.f("fk_tasks_tenant_id_company_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["crm.contacts.tenant_id", "crm.contacts.id"],
            name=op.f("fk_tasks_tenant_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "deal_id"],
            ["crm.deals.tenant_id", "crm.deals.id"],
            name=op.f("fk_tasks_tenant_id_deal_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tasks")),
        schema="crm",
    )
    op.isolate_tenants("tasks", schema="crm")
    op.create_index(
        "ix_tasks_assignee_id",
        "tasks",
        ["tenant_id", "assignee_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_tasks_company_id",
        "tasks",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_tasks_contact_id",
        "tasks",
        ["tenant_id", "contact_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_tasks_created_at", "tasks", ["tenant_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_tasks_created_by_id",
        "tasks",
        ["tenant_id", "created_by_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_tasks_deal_id", "tasks", ["tenant_id", "deal_id", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_tasks_due_at", "tasks", ["tenant_id", "due_at", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_tasks_priority",
        "tasks",
        ["tenant_id", "priority", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_tasks_status", "tasks", ["tenant_id", "status", "created_at", "id"], unique=False, schema="crm"
    )
    op.create_index(
        "ix_tasks_updated_at",
        "tasks",
        ["tenant_id", "updated_at", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "project_members",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "project_id"],
            ["crm.projects.tenant_id", "crm.projects.id"],
            name=op.f("fk_project_members_tenant_id_project_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "project_id", "user_id", name=op.f("pk_project_members")),
        schema="crm",
    )
    op.isolate_tenants("project_members", schema="crm")
    op.create_index(
        "ix_project_members_user_id",
        "project_members",
        ["tenant_id", "user_id", "project_id"],
        unique=False,
        schema="crm",
    )


def downgrade() -> None:
    op.drop_index("ix_project_members_user_id", table_name="project_members", schema="crm")
    op.drop_table("project_members", schema="crm")
    op.drop_index("ix_tasks_updated_at", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_status", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_priority", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_due_at", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_deal_id", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_created_by_id", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_created_at", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_contact_id", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_company_id", table_name="tasks", schema="crm")
    op.drop_index("ix_tasks_assignee_id", table_name="tasks", schema="crm")
    op.drop_table("tasks", schema="crm")
    op.drop_index("ix_stage_changes_deal_id", table_name="stage_changes", schema="crm")
    op.drop_table("stage_changes", schema="crm")
    op.drop_index("ix_requests_updated_at", table_name="requests", schema="crm")
    op.drop_index("ix_requests_status", table_name="requests", schema="crm")
    op.drop_index("ix_requests_source", table_name="requests", schema="crm")
    op.drop_index("ix_requests_owner_id", table_name="requests", schema="crm")
    op.drop_index("ix_requests_name", table_name="requests", schema="crm")
    op.drop_index("ix_requests_due_at", table_name="requests", schema="crm")
    op.drop_index("ix_requests_deal_id", table_name="requests", schema="crm")
    op.drop_index("ix_requests_created_at", table_name="requests", schema="crm")
    op.drop_index("ix_requests_contact_id", table_name="requests", schema="crm")
    op.drop_index("ix_requests_company_id", table_name="requests", schema="crm")
    op.drop_table("requests", schema="crm")
    op.drop_index("ix_projects_updated_at", table_name="projects", schema="crm")
    op.drop_index("ix_projects_status", table_name="projects", schema="crm")
    op.drop_index("ix_projects_owner_id", table_name="projects", schema="crm")
    op.drop_index("ix_projects_name", table_name="projects", schema="crm")
    op.drop_index("ix_projects_due_on", table_name="projects", schema="crm")
    op.drop_index("ix_projects_deal_id", table_name="projects", schema="crm")
    op.drop_index("ix_projects_created_at", table_name="projects", schema="crm")
    op.drop_index("ix_projects_company_id", table_name="projects", schema="crm")
    op.drop_table("projects", schema="crm")
    op.drop_index("ix_leads_updated_at", table_name="leads", schema="crm")
    op.drop_index("ix_leads_status", table_name="leads", schema="crm")
    op.drop_index("ix_leads_source", table_name="leads", schema="crm")
    op.drop_index("ix_leads_owner_id", table_name="leads", schema="crm")
    op.drop_index("ix_leads_name", table_name="leads", schema="crm")
    op.drop_index("ix_leads_email", table_name="leads", schema="crm")
    op.drop_index("ix_leads_deal_id", table_name="leads", schema="crm")
    op.drop_index("ix_leads_created_at", table_name="leads", schema="crm")
    op.drop_index("ix_leads_company_id", table_name="leads", schema="crm")
    op.drop_table("leads", schema="crm")
    op.drop_index("ix_deal_lines_deal_id", table_name="deal_lines", schema="crm")
    op.drop_table("deal_lines", schema="crm")
    op.drop_index(
        "uq_deals_registration_id",
        table_name="deals",
        schema="crm",
        postgresql_where=sa.text("registration_id IS NOT NULL"),
    )
    op.drop_index("ix_deals_updated_at", table_name="deals", schema="crm")
    op.drop_index("ix_deals_status", table_name="deals", schema="crm")
    op.drop_index("ix_deals_stage_id", table_name="deals", schema="crm")
    op.drop_index("ix_deals_source", table_name="deals", schema="crm")
    op.drop_index("ix_deals_pipeline_id", table_name="deals", schema="crm")
    op.drop_index("ix_deals_owner_id", table_name="deals", schema="crm")
    op.drop_index("ix_deals_name", table_name="deals", schema="crm")
    op.drop_index("ix_deals_expected_close_on", table_name="deals", schema="crm")
    op.drop_index("ix_deals_created_at", table_name="deals", schema="crm")
    op.drop_index("ix_deals_contact_id", table_name="deals", schema="crm")
    op.drop_index("ix_deals_company_id", table_name="deals", schema="crm")
    op.drop_index("ix_deals_closed_at", table_name="deals", schema="crm")
    op.drop_index("ix_deals_applicant_company_id", table_name="deals", schema="crm")
    op.drop_index("ix_deals_amount_minor", table_name="deals", schema="crm")
    op.drop_table("deals", schema="crm")
    op.drop_index(
        "uq_stages_name", table_name="stages", schema="crm", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index(
        "uq_stages_closing",
        table_name="stages",
        schema="crm",
        postgresql_where=sa.text("kind <> 'open' AND deleted_at IS NULL"),
    )
    op.drop_index("ix_stages_updated_at", table_name="stages", schema="crm")
    op.drop_index("ix_stages_position", table_name="stages", schema="crm")
    op.drop_index("ix_stages_pipeline_id", table_name="stages", schema="crm")
    op.drop_index("ix_stages_kind", table_name="stages", schema="crm")
    op.drop_index("ix_stages_created_at", table_name="stages", schema="crm")
    op.drop_table("stages", schema="crm")
    op.drop_index("ix_memo_recipients_user_id", table_name="memo_recipients", schema="crm")
    op.drop_table("memo_recipients", schema="crm")
    op.drop_index("ix_contacts_updated_at", table_name="contacts", schema="crm")
    op.drop_index("ix_contacts_owner_id", table_name="contacts", schema="crm")
    op.drop_index("ix_contacts_name", table_name="contacts", schema="crm")
    op.drop_index("ix_contacts_email", table_name="contacts", schema="crm")
    op.drop_index("ix_contacts_created_at", table_name="contacts", schema="crm")
    op.drop_index("ix_contacts_company_id", table_name="contacts", schema="crm")
    op.drop_table("contacts", schema="crm")
    op.drop_index("ix_chat_messages_thread_id", table_name="chat_messages", schema="crm")
    op.drop_index("ix_chat_messages_object", table_name="chat_messages", schema="crm")
    op.drop_index("ix_chat_messages_created_at", table_name="chat_messages", schema="crm")
    op.drop_index("ix_chat_messages_author_id", table_name="chat_messages", schema="crm")
    op.drop_table("chat_messages", schema="crm")
    op.drop_table("chat_members", schema="crm")
    op.drop_index(
        "uq_pipelines_name",
        table_name="pipelines",
        schema="crm",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "uq_pipelines_default",
        table_name="pipelines",
        schema="crm",
        postgresql_where=sa.text("is_default AND deleted_at IS NULL"),
    )
    op.drop_index("ix_pipelines_updated_at", table_name="pipelines", schema="crm")
    op.drop_index("ix_pipelines_position", table_name="pipelines", schema="crm")
    op.drop_index("ix_pipelines_created_at", table_name="pipelines", schema="crm")
    op.drop_table("pipelines", schema="crm")
    op.drop_table("people", schema="crm")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="crm")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="crm",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="crm")
    op.drop_index("ix_memos_updated_at", table_name="memos", schema="crm")
    op.drop_index("ix_memos_created_at", table_name="memos", schema="crm")
    op.drop_index("ix_memos_author_id", table_name="memos", schema="crm")
    op.drop_table("memos", schema="crm")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="crm",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="crm")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="crm",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="crm")
    op.drop_table("job_schedules", schema="crm")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="crm")
    op.drop_table("inbox", schema="crm")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="crm")
    op.drop_table("idempotency_keys", schema="crm")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="crm",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="crm")
    op.drop_index("ix_companies_updated_at", table_name="companies", schema="crm")
    op.drop_index("ix_companies_owner_id", table_name="companies", schema="crm")
    op.drop_index("ix_companies_name", table_name="companies", schema="crm")
    op.drop_index("ix_companies_created_at", table_name="companies", schema="crm")
    op.drop_index("ix_companies_applicant_company_id", table_name="companies", schema="crm")
    op.drop_table("companies", schema="crm")
    op.drop_index("uq_chat_threads_object_type_object_id", table_name="chat_threads", schema="crm")
    op.drop_index("ix_chat_threads_object_type", table_name="chat_threads", schema="crm")
    op.drop_index("ix_chat_threads_object_id", table_name="chat_threads", schema="crm")
    op.drop_index("ix_chat_threads_last_message_at", table_name="chat_threads", schema="crm")
    op.drop_index("ix_chat_threads_created_at", table_name="chat_threads", schema="crm")
    op.drop_table("chat_threads", schema="crm")
    op.drop_table("assigned_products", schema="crm")
