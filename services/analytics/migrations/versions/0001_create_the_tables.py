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
        schema="analytics",
    )
    op.isolate_tenants("dead_letters", schema="analytics")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "deal_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "deal_id", name=op.f("pk_deal_facts")),
        schema="analytics",
    )
    op.isolate_tenants("deal_facts", schema="analytics")
    op.create_index(
        "ix_deal_facts_created_at",
        "deal_facts",
        ["tenant_id", "created_at"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_deal_facts_status",
        "deal_facts",
        ["tenant_id", "status", "pipeline"],
        unique=False,
        schema="analytics",
    )
    op.create_table(
        "deal_stage_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "deal_id", "stage", name=op.f("pk_deal_stage_facts")),
        schema="analytics",
    )
    op.isolate_tenants("deal_stage_facts", schema="analytics")
    op.create_index(
        "ix_deal_stage_facts_pipeline",
        "deal_stage_facts",
        ["tenant_id", "pipeline", "stage"],
        unique=False,
        schema="analytics",
    )
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_events")),
        schema="analytics",
    )
    op.isolate_tenants("events", schema="analytics")
    op.create_index("ix_events_time", "events", ["tenant_id", "time", "id"], unique=False, schema="analytics")
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
        schema="analytics",
    )
    op.isolate_tenants("idempotency_keys", schema="analytics")
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, schema="analytics"
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="analytics",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="analytics")
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="analytics",
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
        schema="analytics",
    )
    op.isolate_tenants("jobs", schema="analytics")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="analytics")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="analytics",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "lead_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "lead_id", name=op.f("pk_lead_facts")),
        schema="analytics",
    )
    op.isolate_tenants("lead_facts", schema="analytics")
    op.create_index(
        "ix_lead_facts_source", "lead_facts", ["tenant_id", "source"], unique=False, schema="analytics"
    )
    op.create_table(
        "money_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_money_facts")),
        schema="analytics",
    )
    op.isolate_tenants("money_facts", schema="analytics")
    op.create_index(
        "ix_money_facts_happened_at",
        "money_facts",
        ["tenant_id", "happened_at"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_money_facts_order_id", "money_facts", ["tenant_id", "order_id"], unique=False, schema="analytics"
    )
    op.create_table(
        "order_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("subtotal", sa.BigInteger(), nullable=True),
        sa.Column("discount", sa.BigInteger(), nullable=True),
        sa.Column("shipping", sa.BigInteger(), nullable=True),
        sa.Column("tax", sa.BigInteger(), nullable=True),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "order_id", name=op.f("pk_order_facts")),
        schema="analytics",
    )
    op.isolate_tenants("order_facts", schema="analytics")
    op.create_index(
        "ix_order_facts_paid_at", "order_facts", ["tenant_id", "paid_at"], unique=False, schema="analytics"
    )
    op.create_index(
        "ix_order_facts_placed_at",
        "order_facts",
        ["tenant_id", "placed_at"],
        unique=False,
        schema="analytics",
    )
    op.create_table(
        "order_line_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "line_id", name=op.f("pk_order_line_facts")),
        schema="analytics",
    )
    op.isolate_tenants("order_line_facts", schema="analytics")
    op.create_index(
        "ix_order_line_facts_order_id",
        "order_line_facts",
        ["tenant_id", "order_id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_order_line_facts_product_id",
        "order_line_facts",
        ["tenant_id", "product_id"],
        unique=False,
        schema="analytics",
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
        schema="analytics",
    )
    op.isolate_tenants("outbox", schema="analytics")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="analytics")
    op.create_table(
        "stock_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "store_id", "variant_id", name=op.f("pk_stock_facts")),
        schema="analytics",
    )
    op.isolate_tenants("stock_facts", schema="analytics")
    op.create_table(
        "task_facts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "task_id", name=op.f("pk_task_facts")),
        schema="analytics",
    )
    op.isolate_tenants("task_facts", schema="analytics")
    op.create_index(
        "ix_task_facts_assignee_id",
        "task_facts",
        ["tenant_id", "assignee_id"],
        unique=False,
        schema="analytics",
    )


def downgrade() -> None:
    op.drop_index("ix_task_facts_assignee_id", table_name="task_facts", schema="analytics")
    op.drop_table("task_facts", schema="analytics")
    op.drop_table("stock_facts", schema="analytics")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="analytics")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="analytics",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="analytics")
    op.drop_index("ix_order_line_facts_product_id", table_name="order_line_facts", schema="analytics")
    op.drop_index("ix_order_line_facts_order_id", table_name="order_line_facts", schema="analytics")
    op.drop_table("order_line_facts", schema="analytics")
    op.drop_index("ix_order_facts_placed_at", table_name="order_facts", schema="analytics")
    op.drop_index("ix_order_facts_paid_at", table_name="order_facts", schema="analytics")
    op.drop_table("order_facts", schema="analytics")
    op.drop_index("ix_money_facts_order_id", table_name="money_facts", schema="analytics")
    op.drop_index("ix_money_facts_happened_at", table_name="money_facts", schema="analytics")
    op.drop_table("money_facts", schema="analytics")
    op.drop_index("ix_lead_facts_source", table_name="lead_facts", schema="analytics")
    op.drop_table("lead_facts", schema="analytics")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="analytics",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="analytics")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="analytics",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="analytics")
    op.drop_table("job_schedules", schema="analytics")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="analytics")
    op.drop_table("inbox", schema="analytics")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="analytics")
    op.drop_table("idempotency_keys", schema="analytics")
    op.drop_index("ix_events_time", table_name="events", schema="analytics")
    op.drop_table("events", schema="analytics")
    op.drop_index("ix_deal_stage_facts_pipeline", table_name="deal_stage_facts", schema="analytics")
    op.drop_table("deal_stage_facts", schema="analytics")
    op.drop_index("ix_deal_facts_status", table_name="deal_facts", schema="analytics")
    op.drop_index("ix_deal_facts_created_at", table_name="deal_facts", schema="analytics")
    op.drop_table("deal_facts", schema="analytics")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="analytics",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="analytics")
