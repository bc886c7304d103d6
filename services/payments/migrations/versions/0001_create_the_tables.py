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
        schema="payments",
    )
    op.isolate_tenants("dead_letters", schema="payments")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "document_counters",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "series", name=op.f("pk_document_counters")),
        schema="payments",
    )
    op.isolate_tenants("document_counters", schema="payments")
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
        schema="payments",
    )
    op.isolate_tenants("idempotency_keys", schema="payments")
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, schema="payments"
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="payments",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="payments")
    op.create_table(
        "invoices",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("subtotal_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("seller", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_invoices")),
        schema="payments",
    )
    op.isolate_tenants("invoices", schema="payments")
    op.create_index(
        "ix_invoices_created_at",
        "invoices",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_invoices_customer_user_id",
        "invoices",
        ["tenant_id", "customer_user_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_invoices_due", "invoices", ["tenant_id", "due_on", "id"], unique=False, schema="payments"
    )
    op.create_index(
        "ix_invoices_due_on",
        "invoices",
        ["due_on"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("status = 'issued' AND overdue_at IS NULL"),
    )
    op.create_index(
        "ix_invoices_email",
        "invoices",
        ["tenant_id", "email", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_invoices_number",
        "invoices",
        ["tenant_id", "number", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_invoices_order_id",
        "invoices",
        ["tenant_id", "order_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_invoices_status",
        "invoices",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index("uq_invoices_number", "invoices", ["tenant_id", "number"], unique=True, schema="payments")
    op.create_index(
        "uq_invoices_order_id",
        "invoices",
        ["tenant_id", "order_id"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("order_id IS NOT NULL AND status <> 'void'"),
    )
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="payments",
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
        schema="payments",
    )
    op.isolate_tenants("jobs", schema="payments")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="payments")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "ledger_accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_ledger_accounts")),
        schema="payments",
    )
    op.isolate_tenants("ledger_accounts", schema="payments")
    op.create_index(
        "ix_ledger_accounts_code",
        "ledger_accounts",
        ["tenant_id", "code", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_ledger_accounts_created_at",
        "ledger_accounts",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_ledger_accounts_currency",
        "ledger_accounts",
        ["tenant_id", "currency", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_ledger_accounts_type",
        "ledger_accounts",
        ["tenant_id", "type", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_ledger_accounts_code_currency",
        "ledger_accounts",
        ["tenant_id", "code", "currency"],
        unique=True,
        schema="payments",
    )
    op.create_table(
        "ledger_transactions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_ledger_transactions")),
        schema="payments",
    )
    op.isolate_tenants("ledger_transactions", schema="payments")
    op.create_index(
        "ix_ledger_transactions_created_at",
        "ledger_transactions",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_ledger_transactions_kind",
        "ledger_transactions",
        ["tenant_id", "kind", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_ledger_transactions_occurred_at",
        "ledger_transactions",
        ["tenant_id", "occurred_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_ledger_transactions_reference",
        "ledger_transactions",
        ["tenant_id", "reference", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_ledger_transactions_kind_reference",
        "ledger_transactions",
        ["tenant_id", "kind", "reference"],
        unique=True,
        schema="payments",
    )
    op.create_table(
        "merchants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_merchants")),
        schema="payments",
    )
    op.isolate_tenants("merchants", schema="payments")
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
        schema="payments",
    )
    op.isolate_tenants("outbox", schema="payments")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="payments")
    op.create_table(
        "payment_accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("sealed_credentials", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payment_accounts")),
        schema="payments",
    )
    op.isolate_tenants("payment_accounts", schema="payments")
    op.create_index(
        "ix_payment_accounts_created_at",
        "payment_accounts",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payment_accounts_currency",
        "payment_accounts",
        ["tenant_id", "currency", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index("ix_payment_accounts_id", "payment_accounts", ["id"], unique=False, schema="payments")
    op.create_index(
        "ix_payment_accounts_is_active",
        "payment_accounts",
        ["tenant_id", "is_active", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payment_accounts_provider",
        "payment_accounts",
        ["tenant_id", "provider", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_payment_accounts_active",
        "payment_accounts",
        ["tenant_id", "provider", "currency"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("is_active AND deleted_at IS NULL"),
    )
    op.create_table(
        "payments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("merchant_name", sa.Text(), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=True),
        sa.Column("checkout_id", sa.Text(), nullable=True),
        sa.Column("provider_payment_id", sa.Text(), nullable=True),
        sa.Column("redirect_url", sa.Text(), nullable=True),
        sa.Column("instructions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("suspicion", sa.Text(), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_payments")),
        schema="payments",
    )
    op.isolate_tenants("payments", schema="payments")
    op.create_index(
        "ix_payments_account_id",
        "payments",
        ["tenant_id", "account_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_check_at",
        "payments",
        ["check_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_payments_checkout_id",
        "payments",
        ["tenant_id", "account_id", "checkout_id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_created_at",
        "payments",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_customer_user_id",
        "payments",
        ["tenant_id", "customer_user_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_email",
        "payments",
        ["tenant_id", "email", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_order_id",
        "payments",
        ["tenant_id", "order_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_order_number",
        "payments",
        ["tenant_id", "order_number", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_provider",
        "payments",
        ["tenant_id", "provider", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_payments_status",
        "payments",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_payments_pending",
        "payments",
        ["tenant_id", "order_id"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "sandbox_checkouts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("merchant_name", sa.Text(), nullable=False),
        sa.Column("return_url", sa.Text(), nullable=True),
        sa.Column("payment_code", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sandbox_checkouts")),
        schema="payments",
    )
    op.isolate_tenants("sandbox_checkouts", schema="payments")
    op.create_index(
        "ix_sandbox_checkouts_code", "sandbox_checkouts", ["code"], unique=False, schema="payments"
    )
    op.create_index(
        "uq_sandbox_checkouts_idempotency_key",
        "sandbox_checkouts",
        ["tenant_id", "account_id", "idempotency_key"],
        unique=True,
        schema="payments",
    )
    op.create_table(
        "sandbox_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sandbox_deliveries")),
        schema="payments",
    )
    op.isolate_tenants("sandbox_deliveries", schema="payments")
    op.create_index(
        "ix_sandbox_deliveries_due",
        "sandbox_deliveries",
        ["next_attempt_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    )
    op.create_table(
        "sandbox_refunds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("checkout_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_sandbox_refunds")),
        schema="payments",
    )
    op.isolate_tenants("sandbox_refunds", schema="payments")
    op.create_index(
        "uq_sandbox_refunds_idempotency_key",
        "sandbox_refunds",
        ["tenant_id", "checkout_id", "idempotency_key"],
        unique=True,
        schema="payments",
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("notice", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("processed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_webhook_deliveries")),
        schema="payments",
    )
    op.isolate_tenants("webhook_deliveries", schema="payments")
    op.create_index(
        "ix_webhook_deliveries_outcome",
        "webhook_deliveries",
        ["tenant_id", "outcome", "created_at"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_webhook_deliveries_event_id",
        "webhook_deliveries",
        ["tenant_id", "account_id", "event_id"],
        unique=True,
        schema="payments",
    )
    op.create_index(
        "uq_webhook_deliveries_message_id",
        "webhook_deliveries",
        ["tenant_id", "account_id", "message_id"],
        unique=True,
        schema="payments",
    )
    op.create_table(
        "credit_notes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_number", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("refund_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("goods_minor", sa.BigInteger(), nullable=False),
        sa.Column("shipping_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("seller", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invoice_id"],
            ["payments.invoices.tenant_id", "payments.invoices.id"],
            name=op.f("fk_credit_notes_tenant_id_invoice_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_credit_notes")),
        schema="payments",
    )
    op.isolate_tenants("credit_notes", schema="payments")
    op.create_index(
        "ix_credit_notes_created_at",
        "credit_notes",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_credit_notes_customer_user_id",
        "credit_notes",
        ["tenant_id", "customer_user_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_credit_notes_email",
        "credit_notes",
        ["tenant_id", "email", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_credit_notes_invoice_id",
        "credit_notes",
        ["tenant_id", "invoice_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_credit_notes_order_id",
        "credit_notes",
        ["tenant_id", "order_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_credit_notes_number", "credit_notes", ["tenant_id", "number"], unique=True, schema="payments"
    )
    op.create_index(
        "uq_credit_notes_refund_id",
        "credit_notes",
        ["tenant_id", "refund_id"],
        unique=True,
        schema="payments",
    )
    op.create_table(
        "ledger_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["payments.ledger_accounts.tenant_id", "payments.ledger_accounts.id"],
            name=op.f("fk_ledger_entries_tenant_id_account_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "transaction_id"],
            ["payments.ledger_transactions.tenant_id", "payments.ledger_transactions.id"],
            name=op.f("fk_ledger_entries_tenant_id_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "transaction_id", "position", name=op.f("pk_ledger_entries")),
        schema="payments",
    )
    op.isolate_tenants("ledger_entries", schema="payments")
    op.create_index(
        "ix_ledger_entries_account",
        "ledger_entries",
        ["tenant_id", "account_id", "occurred_at"],
        unique=False,
        schema="payments",
    )
    op.create_table(
        "refunds",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("failure_reason", sa.Text(), nullable=True),
        sa.Column("request_key", sa.Text(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("provider_refund_id", sa.Text(), nullable=True),
        sa.Column("credit_note_id", sa.Uuid(), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("check_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checks", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["payments.payments.tenant_id", "payments.payments.id"],
            name=op.f("fk_refunds_tenant_id_payment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_refunds")),
        schema="payments",
    )
    op.isolate_tenants("refunds", schema="payments")
    op.create_index(
        "ix_refunds_check_at",
        "refunds",
        ["check_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        "ix_refunds_created_at", "refunds", ["tenant_id", "created_at", "id"], unique=False, schema="payments"
    )
    op.create_index(
        "ix_refunds_order_id",
        "refunds",
        ["tenant_id", "order_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_refunds_payment_id",
        "refunds",
        ["tenant_id", "payment_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_refunds_status",
        "refunds",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "uq_refunds_cause",
        "refunds",
        ["tenant_id", "cause"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("cause IS NOT NULL"),
    )
    op.create_index(
        "uq_refunds_request_key",
        "refunds",
        ["tenant_id", "request_key"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("request_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_refunds_request_key",
        table_name="refunds",
        schema="payments",
        postgresql_where=sa.text("request_key IS NOT NULL"),
    )
    op.drop_index(
        "uq_refunds_cause",
        table_name="refunds",
        schema="payments",
        postgresql_where=sa.text("cause IS NOT NULL"),
    )
    op.drop_index("ix_refunds_status", table_name="refunds", schema="payments")
    op.drop_index("ix_refunds_payment_id", table_name="refunds", schema="payments")
    op.drop_index("ix_refunds_order_id", table_name="refunds", schema="payments")
    op.drop_index("ix_refunds_created_at", table_name="refunds", schema="payments")
    op.drop_index(
        "ix_refunds_check_at",
        table_name="refunds",
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_table("refunds", schema="payments")
    op.drop_index("ix_ledger_entries_account", table_name="ledger_entries", schema="payments")
    op.drop_table("ledger_entries", schema="payments")
    op.drop_index("uq_credit_notes_refund_id", table_name="credit_notes", schema="payments")
    op.drop_index("uq_credit_notes_number", table_name="credit_notes", schema="payments")
    op.drop_index("ix_credit_notes_order_id", table_name="credit_notes", schema="payments")
    op.drop_index("ix_credit_notes_invoice_id", table_name="credit_notes", schema="payments")
    op.drop_index("ix_credit_notes_email", table_name="credit_notes", schema="payments")
    op.drop_index("ix_credit_notes_customer_user_id", table_name="credit_notes", schema="payments")
    op.drop_index("ix_credit_notes_created_at", table_name="credit_notes", schema="payments")
    op.drop_table("credit_notes", schema="payments")
    op.drop_index("uq_webhook_deliveries_message_id", table_name="webhook_deliveries", schema="payments")
    op.drop_index("uq_webhook_deliveries_event_id", table_name="webhook_deliveries", schema="payments")
    op.drop_index("ix_webhook_deliveries_outcome", table_name="webhook_deliveries", schema="payments")
    op.drop_table("webhook_deliveries", schema="payments")
    op.drop_index("uq_sandbox_refunds_idempotency_key", table_name="sandbox_refunds", schema="payments")
    op.drop_table("sandbox_refunds", schema="payments")
    op.drop_index(
        "ix_sandbox_deliveries_due",
        table_name="sandbox_deliveries",
        schema="payments",
        postgresql_where=sa.text("delivered_at IS NULL AND given_up_at IS NULL"),
    )
    op.drop_table("sandbox_deliveries", schema="payments")
    op.drop_index("uq_sandbox_checkouts_idempotency_key", table_name="sandbox_checkouts", schema="payments")
    op.drop_index("ix_sandbox_checkouts_code", table_name="sandbox_checkouts", schema="payments")
    op.drop_table("sandbox_checkouts", schema="payments")
    op.drop_index(
        "uq_payments_pending",
        table_name="payments",
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_payments_status", table_name="payments", schema="payments")
    op.drop_index("ix_payments_provider", table_name="payments", schema="payments")
    op.drop_index("ix_payments_order_number", table_name="payments", schema="payments")
    op.drop_index("ix_payments_order_id", table_name="payments", schema="payments")
    op.drop_index("ix_payments_email", table_name="payments", schema="payments")
    op.drop_index("ix_payments_customer_user_id", table_name="payments", schema="payments")
    op.drop_index("ix_payments_created_at", table_name="payments", schema="payments")
    op.drop_index("ix_payments_checkout_id", table_name="payments", schema="payments")
    op.drop_index(
        "ix_payments_check_at",
        table_name="payments",
        schema="payments",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_payments_account_id", table_name="payments", schema="payments")
    op.drop_table("payments", schema="payments")
    op.drop_index(
        "uq_payment_accounts_active",
        table_name="payment_accounts",
        schema="payments",
        postgresql_where=sa.text("is_active AND deleted_at IS NULL"),
    )
    op.drop_index("ix_payment_accounts_provider", table_name="payment_accounts", schema="payments")
    op.drop_index("ix_payment_accounts_is_active", table_name="payment_accounts", schema="payments")
    op.drop_index("ix_payment_accounts_id", table_name="payment_accounts", schema="payments")
    op.drop_index("ix_payment_accounts_currency", table_name="payment_accounts", schema="payments")
    op.drop_index("ix_payment_accounts_created_at", table_name="payment_accounts", schema="payments")
    op.drop_table("payment_accounts", schema="payments")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="payments")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="payments",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="payments")
    op.drop_table("merchants", schema="payments")
    op.drop_index(
        "uq_ledger_transactions_kind_reference", table_name="ledger_transactions", schema="payments"
    )
    op.drop_index("ix_ledger_transactions_reference", table_name="ledger_transactions", schema="payments")
    op.drop_index("ix_ledger_transactions_occurred_at", table_name="ledger_transactions", schema="payments")
    op.drop_index("ix_ledger_transactions_kind", table_name="ledger_transactions", schema="payments")
    op.drop_index("ix_ledger_transactions_created_at", table_name="ledger_transactions", schema="payments")
    op.drop_table("ledger_transactions", schema="payments")
    op.drop_index("uq_ledger_accounts_code_currency", table_name="ledger_accounts", schema="payments")
    op.drop_index("ix_ledger_accounts_type", table_name="ledger_accounts", schema="payments")
    op.drop_index("ix_ledger_accounts_currency", table_name="ledger_accounts", schema="payments")
    op.drop_index("ix_ledger_accounts_created_at", table_name="ledger_accounts", schema="payments")
    op.drop_index("ix_ledger_accounts_code", table_name="ledger_accounts", schema="payments")
    op.drop_table("ledger_accounts", schema="payments")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="payments",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="payments")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="payments",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="payments")
    op.drop_table("job_schedules", schema="payments")
    op.drop_index(
        "uq_invoices_order_id",
        table_name="invoices",
        schema="payments",
        postgresql_where=sa.text("order_id IS NOT NULL AND status <> 'void'"),
    )
    op.drop_index("uq_invoices_number", table_name="invoices", schema="payments")
    op.drop_index("ix_invoices_status", table_name="invoices", schema="payments")
    op.drop_index("ix_invoices_order_id", table_name="invoices", schema="payments")
    op.drop_index("ix_invoices_number", table_name="invoices", schema="payments")
    op.drop_index("ix_invoices_email", table_name="invoices", schema="payments")
    op.drop_index(
        "ix_invoices_due_on",
        table_name="invoices",
        schema="payments",
        postgresql_where=sa.text("status = 'issued' AND overdue_at IS NULL"),
    )
    op.drop_index("ix_invoices_due", table_name="invoices", schema="payments")
    op.drop_index("ix_invoices_customer_user_id", table_name="invoices", schema="payments")
    op.drop_index("ix_invoices_created_at", table_name="invoices", schema="payments")
    op.drop_table("invoices", schema="payments")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="payments")
    op.drop_table("inbox", schema="payments")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="payments")
    op.drop_table("idempotency_keys", schema="payments")
    op.drop_table("document_counters", schema="payments")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="payments",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="payments")
