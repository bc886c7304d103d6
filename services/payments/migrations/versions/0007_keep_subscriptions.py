"""Keep subscriptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ACCEPTED = {"tighter": "the release before writes no period, and invoices without one are not in the index"}

# Of which subscription and period a final invoice is never changes either.
_FIXED = [
    "number",
    "order_id",
    "order_number",
    "currency",
    "lines",
    "subtotal_minor",
    "discount_minor",
    "shipping_minor",
    "tax_minor",
    "total_minor",
    "email",
    "customer_name",
    "customer_user_id",
    "billing_address",
    "seller",
    "notes",
    "due_on",
    "issued_at",
]
_OF_SUBSCRIPTION = ["subscription_id", "subscription_period", "period_start", "period_end"]


def _guard(columns: list[str]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"""
CREATE OR REPLACE FUNCTION payments.guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (
        TG_OP = 'DELETE' OR ROW({new}) IS DISTINCT FROM ROW({old}) OR NEW.status = 'draft'
    ) THEN
        RAISE EXCEPTION 'invoice % is final', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "subscription_plans",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "interval IN ('day', 'week', 'month', 'year')", name=op.f("ck_subscription_plans_interval")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_subscription_plans")),
        schema="payments",
    )
    op.isolate_tenants("subscription_plans", schema="payments")
    op.create_index(
        "ix_subscription_plans_created_at",
        "subscription_plans",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscription_plans_currency",
        "subscription_plans",
        ["tenant_id", "currency", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscription_plans_interval",
        "subscription_plans",
        ["tenant_id", "interval", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscription_plans_is_active",
        "subscription_plans",
        ["tenant_id", "is_active", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscription_plans_name",
        "subscription_plans",
        ["tenant_id", "name", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscription_plans_search",
        "subscription_plans",
        [sa.literal_column("payments.search_grams(tenant_id, ARRAY[name])")],
        unique=False,
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_table(
        "subscriptions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("customer_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("billing_address", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        sa.Column("plan_name", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate_ppm", sa.Integer(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("cycles", sa.Integer(), nullable=True),
        sa.Column("dunning", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("anchor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("anchored_period", sa.Integer(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("current_period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_billing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pending_change", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("dunning_invoice_id", sa.Uuid(), nullable=True),
        sa.Column("dunning_step", sa.Integer(), nullable=False),
        sa.Column("latest_invoice_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "interval IN ('day', 'week', 'month', 'year')", name=op.f("ck_subscriptions_interval")
        ),
        sa.CheckConstraint(
            "status IN ('scheduled', 'trialing', 'active', 'past_due', 'unpaid', 'paused', 'cancelled', 'ended')",
            name=op.f("ck_subscriptions_status"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_subscriptions")),
        schema="payments",
    )
    op.isolate_tenants("subscriptions", schema="payments")
    op.create_index(
        "ix_subscriptions_address",
        "subscriptions",
        [sa.literal_column("payments.address_key(email)")],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_by_next_billing_at",
        "subscriptions",
        ["tenant_id", "next_billing_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_cancel_at_period_end",
        "subscriptions",
        ["tenant_id", "cancel_at_period_end", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_created_at",
        "subscriptions",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_customer_user_id",
        "subscriptions",
        ["tenant_id", "customer_user_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_due_at",
        "subscriptions",
        ["due_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_subscriptions_email",
        "subscriptions",
        ["tenant_id", "email", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_person_customer_user_id",
        "subscriptions",
        ["customer_user_id"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("customer_user_id IS NOT NULL"),
    )
    op.create_index(
        "ix_subscriptions_plan_id",
        "subscriptions",
        ["tenant_id", "plan_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index(
        "ix_subscriptions_search",
        "subscriptions",
        [sa.literal_column("payments.search_grams(tenant_id, ARRAY[customer_name, email, plan_name])")],
        unique=False,
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index(
        "ix_subscriptions_status",
        "subscriptions",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_table(
        "subscription_adjustments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("rest_seconds", sa.BigInteger(), nullable=False),
        sa.Column("period_seconds", sa.BigInteger(), nullable=False),
        sa.Column("remainder", sa.BigInteger(), nullable=False),
        sa.Column("period", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "kind IN ('credit', 'charge', 'carried')", name=op.f("ck_subscription_adjustments_kind")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "subscription_id"],
            ["payments.subscriptions.tenant_id", "payments.subscriptions.id"],
            name=op.f("fk_subscription_adjustments_tenant_id_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_subscription_adjustments")),
        schema="payments",
    )
    op.isolate_tenants("subscription_adjustments", schema="payments")
    op.create_index(
        "ix_subscription_adjustments_open",
        "subscription_adjustments",
        ["tenant_id", "subscription_id", "id"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("invoice_id IS NULL"),
    )
    op.add_column("invoices", sa.Column("subscription_id", sa.Uuid(), nullable=True), schema="payments")
    op.add_column(
        "invoices", sa.Column("subscription_period", sa.Integer(), nullable=True), schema="payments"
    )
    op.add_column(
        "invoices", sa.Column("period_start", sa.DateTime(timezone=True), nullable=True), schema="payments"
    )
    op.add_column(
        "invoices", sa.Column("period_end", sa.DateTime(timezone=True), nullable=True), schema="payments"
    )
    op.create_index_online(
        "ix_invoices_subscription_id",
        "invoices",
        ["tenant_id", "subscription_id", "created_at", "id"],
        unique=False,
        schema="payments",
    )
    op.create_index_online(
        "uq_invoices_subscription_period",
        "invoices",
        ["tenant_id", "subscription_id", "subscription_period"],
        unique=True,
        schema="payments",
        postgresql_where=sa.text("subscription_period IS NOT NULL"),
    )
    op.execute(_guard(_FIXED + _OF_SUBSCRIPTION))
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in ("subscription_plans", "subscriptions"):
        op.execute(f"ALTER INDEX payments.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.execute(_guard(_FIXED))
    op.drop_index(
        "uq_invoices_subscription_period",
        table_name="invoices",
        schema="payments",
        postgresql_where=sa.text("subscription_period IS NOT NULL"),
    )
    op.drop_index("ix_invoices_subscription_id", table_name="invoices", schema="payments")
    op.drop_column("invoices", "period_end", schema="payments")
    op.drop_column("invoices", "period_start", schema="payments")
    op.drop_column("invoices", "subscription_period", schema="payments")
    op.drop_column("invoices", "subscription_id", schema="payments")
    op.drop_index(
        "ix_subscription_adjustments_open",
        table_name="subscription_adjustments",
        schema="payments",
        postgresql_where=sa.text("invoice_id IS NULL"),
    )
    op.drop_table("subscription_adjustments", schema="payments")
    op.drop_index("ix_subscriptions_status", table_name="subscriptions", schema="payments")
    op.drop_index(
        "ix_subscriptions_search",
        table_name="subscriptions",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_subscriptions_plan_id", table_name="subscriptions", schema="payments")
    op.drop_index(
        "ix_subscriptions_person_customer_user_id",
        table_name="subscriptions",
        schema="payments",
        postgresql_where=sa.text("customer_user_id IS NOT NULL"),
    )
    op.drop_index("ix_subscriptions_email", table_name="subscriptions", schema="payments")
    op.drop_index(
        "ix_subscriptions_due_at",
        table_name="subscriptions",
        schema="payments",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.drop_index("ix_subscriptions_customer_user_id", table_name="subscriptions", schema="payments")
    op.drop_index("ix_subscriptions_created_at", table_name="subscriptions", schema="payments")
    op.drop_index("ix_subscriptions_cancel_at_period_end", table_name="subscriptions", schema="payments")
    op.drop_index("ix_subscriptions_by_next_billing_at", table_name="subscriptions", schema="payments")
    op.drop_index("ix_subscriptions_address", table_name="subscriptions", schema="payments")
    op.drop_table("subscriptions", schema="payments")
    op.drop_index(
        "ix_subscription_plans_search",
        table_name="subscription_plans",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_subscription_plans_name", table_name="subscription_plans", schema="payments")
    op.drop_index("ix_subscription_plans_is_active", table_name="subscription_plans", schema="payments")
    op.drop_index("ix_subscription_plans_interval", table_name="subscription_plans", schema="payments")
    op.drop_index("ix_subscription_plans_currency", table_name="subscription_plans", schema="payments")
    op.drop_index("ix_subscription_plans_created_at", table_name="subscription_plans", schema="payments")
    op.drop_table("subscription_plans", schema="payments")
