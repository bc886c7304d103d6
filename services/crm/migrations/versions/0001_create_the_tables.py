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


def downgrade() -> None:
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="crm")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="crm",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="crm")
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
    op.drop_index("ix_companies_owner_id", table_name="companies", schema="crm")
    op.drop_index("ix_companies_name", table_name="companies", schema="crm")
    op.drop_index("ix_companies_created_at", table_name="companies", schema="crm")
    op.drop_index("ix_companies_applicant_company_id", table_name="companies", schema="crm")
    op.drop_table("companies", schema="crm")
