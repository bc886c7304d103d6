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
        "attempt_counters",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("marks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("pending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subject", name=op.f("pk_attempt_counters")),
        schema="identity",
    )
    op.create_index(
        "ix_attempt_counters_updated_at", "attempt_counters", ["updated_at"], unique=False, schema="identity"
    )
    op.create_table(
        "audit_log",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_audit_log")),
        schema="identity",
    )
    op.isolate_tenants("audit_log", schema="identity")
    op.create_index(
        "ix_audit_log_action",
        "audit_log",
        ["tenant_id", "action", "time", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_audit_log_actor_id",
        "audit_log",
        ["tenant_id", "actor_id", "time", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_audit_log_request_id",
        "audit_log",
        ["tenant_id", "request_id", "time", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_audit_log_resource",
        "audit_log",
        ["tenant_id", "resource", "time", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_audit_log_resource_id",
        "audit_log",
        ["tenant_id", "resource_id", "time", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_audit_log_service",
        "audit_log",
        ["tenant_id", "service", "time", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_audit_log_time", "audit_log", ["tenant_id", "time", "id"], unique=False, schema="identity"
    )
    op.create_index(
        "uq_audit_log_event_id", "audit_log", ["tenant_id", "event_id"], unique=True, schema="identity"
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
        schema="identity",
    )
    op.isolate_tenants("dead_letters", schema="identity")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "departments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_departments")),
        schema="identity",
    )
    op.isolate_tenants("departments", schema="identity")
    op.create_index(
        "ix_departments_created_at",
        "departments",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "uq_departments_name", "departments", ["tenant_id", "name"], unique=True, schema="identity"
    )
    op.create_table(
        "domains",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_domains")),
        schema="identity",
    )
    op.isolate_tenants("domains", schema="identity")
    op.create_index(
        "ix_domains_created_at", "domains", ["tenant_id", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_index("uq_domains_host", "domains", ["host"], unique=True, schema="identity")
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
        schema="identity",
    )
    op.isolate_tenants("idempotency_keys", schema="identity")
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, schema="identity"
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="identity",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="identity")
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="identity",
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
        schema="identity",
    )
    op.isolate_tenants("jobs", schema="identity")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="identity")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
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
        schema="identity",
    )
    op.isolate_tenants("outbox", schema="identity")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="identity")
    op.create_table(
        "registrations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("company_name", sa.Text(), nullable=False),
        sa.Column("business", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("referral_code", sa.Text(), nullable=True),
        sa.Column("owner_user_id", sa.Uuid(), nullable=False),
        sa.Column("owner_email", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registrations")),
        schema="identity",
    )
    op.isolate_tenants("registrations", schema="identity")
    op.create_index(
        "ix_registrations_created_at", "registrations", ["created_at", "id"], unique=False, schema="identity"
    )
    op.create_index("ix_registrations_id", "registrations", ["id"], unique=False, schema="identity")
    op.create_index(
        "ix_registrations_product",
        "registrations",
        ["product", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registrations_status",
        "registrations",
        ["status", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registrations_updated_at", "registrations", ["updated_at", "id"], unique=False, schema="identity"
    )
    op.create_index(
        "uq_registrations_tenant_id", "registrations", ["tenant_id"], unique=True, schema="identity"
    )
    op.create_table(
        "roles",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_system", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.Text(), server_default="tenant", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_roles")),
        schema="identity",
    )
    op.isolate_tenants("roles", schema="identity")
    op.create_index(
        "ix_roles_created_at", "roles", ["tenant_id", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_index(
        "ix_roles_is_system",
        "roles",
        ["tenant_id", "is_system", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index("uq_roles_code", "roles", ["tenant_id", "code"], unique=True, schema="identity")
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("private_pem", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        schema="identity",
    )
    op.create_index(
        "uq_signing_keys_current",
        "signing_keys",
        [sa.literal_column("(true)")],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("tenant_id = id", name=op.f("ck_tenants_own_row")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tenants")),
        schema="identity",
    )
    op.isolate_tenants("tenants", schema="identity")
    op.create_index(
        "ix_tenants_country", "tenants", ["country", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_index("ix_tenants_created_at", "tenants", ["created_at", "id"], unique=False, schema="identity")
    op.create_index("ix_tenants_name", "tenants", ["name", "id"], unique=False, schema="identity")
    op.create_index(
        "ix_tenants_status", "tenants", ["status", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_index("ix_tenants_updated_at", "tenants", ["updated_at", "id"], unique=False, schema="identity")
    op.create_index("uq_tenants_slug", "tenants", ["slug"], unique=True, schema="identity")
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("home_tenant_id", sa.Uuid(), nullable=True),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        schema="identity",
    )
    op.create_index("uq_users_email", "users", ["email"], unique=True, schema="identity")
    op.create_table(
        "members",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_members_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_members")),
        schema="identity",
    )
    op.isolate_tenants("members", schema="identity")
    op.create_index(
        "ix_members_created_at", "members", ["tenant_id", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_index(
        "ix_members_department_id",
        "members",
        ["tenant_id", "department_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index("ix_members_user_id", "members", ["user_id"], unique=False, schema="identity")
    op.create_index("uq_members_user_id", "members", ["tenant_id", "user_id"], unique=True, schema="identity")
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        schema="identity",
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False, schema="identity")
    op.create_index(
        "ix_sessions_user_id", "sessions", ["user_id", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_table(
        "member_roles",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["identity.members.tenant_id", "identity.members.id"],
            name=op.f("fk_member_roles_tenant_id_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "member_id", "role", name=op.f("pk_member_roles")),
        schema="identity",
    )
    op.isolate_tenants("member_roles", schema="identity")
    op.create_index(
        "ix_member_roles_role",
        "member_roles",
        ["tenant_id", "role", "member_id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["identity.sessions.id"],
            name=op.f("fk_refresh_tokens_session_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
        schema="identity",
    )
    op.create_index(
        "ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"], unique=False, schema="identity"
    )
    op.create_index(
        "ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"], unique=False, schema="identity"
    )


def downgrade() -> None:
    op.drop_index("ix_refresh_tokens_session_id", table_name="refresh_tokens", schema="identity")
    op.drop_index("ix_refresh_tokens_expires_at", table_name="refresh_tokens", schema="identity")
    op.drop_table("refresh_tokens", schema="identity")
    op.drop_index("ix_member_roles_role", table_name="member_roles", schema="identity")
    op.drop_table("member_roles", schema="identity")
    op.drop_index("ix_sessions_user_id", table_name="sessions", schema="identity")
    op.drop_index("ix_sessions_expires_at", table_name="sessions", schema="identity")
    op.drop_table("sessions", schema="identity")
    op.drop_index("uq_members_user_id", table_name="members", schema="identity")
    op.drop_index("ix_members_user_id", table_name="members", schema="identity")
    op.drop_index("ix_members_department_id", table_name="members", schema="identity")
    op.drop_index("ix_members_created_at", table_name="members", schema="identity")
    op.drop_table("members", schema="identity")
    op.drop_index("uq_users_email", table_name="users", schema="identity")
    op.drop_table("users", schema="identity")
    op.drop_index("uq_tenants_slug", table_name="tenants", schema="identity")
    op.drop_index("ix_tenants_updated_at", table_name="tenants", schema="identity")
    op.drop_index("ix_tenants_status", table_name="tenants", schema="identity")
    op.drop_index("ix_tenants_name", table_name="tenants", schema="identity")
    op.drop_index("ix_tenants_created_at", table_name="tenants", schema="identity")
    op.drop_index("ix_tenants_country", table_name="tenants", schema="identity")
    op.drop_table("tenants", schema="identity")
    op.drop_index(
        "uq_signing_keys_current",
        table_name="signing_keys",
        schema="identity",
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.drop_table("signing_keys", schema="identity")
    op.drop_index("uq_roles_code", table_name="roles", schema="identity")
    op.drop_index("ix_roles_is_system", table_name="roles", schema="identity")
    op.drop_index("ix_roles_created_at", table_name="roles", schema="identity")
    op.drop_table("roles", schema="identity")
    op.drop_index("uq_registrations_tenant_id", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_updated_at", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_status", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_product", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_id", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_created_at", table_name="registrations", schema="identity")
    op.drop_table("registrations", schema="identity")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="identity")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="identity",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="identity")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="identity",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="identity")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="identity",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="identity")
    op.drop_table("job_schedules", schema="identity")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="identity")
    op.drop_table("inbox", schema="identity")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="identity")
    op.drop_table("idempotency_keys", schema="identity")
    op.drop_index("uq_domains_host", table_name="domains", schema="identity")
    op.drop_index("ix_domains_created_at", table_name="domains", schema="identity")
    op.drop_table("domains", schema="identity")
    op.drop_index("uq_departments_name", table_name="departments", schema="identity")
    op.drop_index("ix_departments_created_at", table_name="departments", schema="identity")
    op.drop_table("departments", schema="identity")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="identity",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="identity")
    op.drop_index("uq_audit_log_event_id", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_time", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_service", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_resource_id", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_resource", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_request_id", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_actor_id", table_name="audit_log", schema="identity")
    op.drop_index("ix_audit_log_action", table_name="audit_log", schema="identity")
    op.drop_table("audit_log", schema="identity")
    op.drop_index("ix_attempt_counters_updated_at", table_name="attempt_counters", schema="identity")
    op.drop_table("attempt_counters", schema="identity")
