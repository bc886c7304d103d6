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
        "carts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("address", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("shipping_method_id", sa.Uuid(), nullable=True),
        sa.Column("merged_into_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_carts")),
        schema="orders",
    )
    op.isolate_tenants("carts", schema="orders")
    op.create_index(
        "ix_carts_created_at", "carts", ["tenant_id", "created_at", "id"], unique=False, schema="orders"
    )
    op.create_index(
        "ix_carts_customer_user_id",
        "carts",
        ["tenant_id", "customer_user_id", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_carts_idle",
        "carts",
        ["updated_at"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_carts_status", "carts", ["tenant_id", "status", "created_at", "id"], unique=False, schema="orders"
    )
    op.create_index(
        "ix_carts_token_hash",
        "carts",
        ["tenant_id", "token_hash", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index("uq_carts_order_id", "carts", ["tenant_id", "order_id"], unique=True, schema="orders")
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
        schema="orders",
    )
    op.isolate_tenants("dead_letters", schema="orders")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "document_numbers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("last_value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "series", name=op.f("pk_document_numbers")),
        schema="orders",
    )
    op.isolate_tenants("document_numbers", schema="orders")
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
        schema="orders",
    )
    op.isolate_tenants("idempotency_keys", schema="orders")
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, schema="orders"
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="orders",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="orders")
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="orders",
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
        schema="orders",
    )
    op.isolate_tenants("jobs", schema="orders")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="orders")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "orders",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("customer_user_id", sa.Uuid(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("cart_token_hash", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("subtotal_amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("shipping_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_included_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_amount", sa.BigInteger(), nullable=False),
        sa.Column(
            "shipping_address", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("shipping_method_id", sa.Uuid(), nullable=True),
        sa.Column("shipping_method_name", sa.Text(), nullable=True),
        sa.Column("shipping_account_id", sa.Uuid(), nullable=True),
        sa.Column("reserved_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("expired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "total_amount = subtotal_amount - discount_amount + shipping_amount + tax_amount",
            name=op.f("ck_orders_total"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_orders")),
        schema="orders",
    )
    op.isolate_tenants("orders", schema="orders")
    op.create_index(
        "ix_orders_cart_token_hash",
        "orders",
        ["tenant_id", "cart_token_hash", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_orders_created_at", "orders", ["tenant_id", "created_at", "id"], unique=False, schema="orders"
    )
    op.create_index(
        "ix_orders_customer_user_id",
        "orders",
        ["tenant_id", "customer_user_id", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_orders_delivered",
        "orders",
        ["delivered_at"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("status = 'delivered'"),
    )
    op.create_index(
        "ix_orders_due",
        "orders",
        ["reserved_until"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("status = 'placed'"),
    )
    op.create_index(
        "ix_orders_email", "orders", ["tenant_id", "email", "created_at", "id"], unique=False, schema="orders"
    )
    op.create_index("ix_orders_id", "orders", ["id"], unique=False, schema="orders")
    op.create_index(
        "ix_orders_placed_at", "orders", ["tenant_id", "placed_at", "id"], unique=False, schema="orders"
    )
    op.create_index(
        "ix_orders_status",
        "orders",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_orders_total_amount", "orders", ["tenant_id", "total_amount", "id"], unique=False, schema="orders"
    )
    op.create_index("uq_orders_number", "orders", ["tenant_id", "number"], unique=True, schema="orders")
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
        schema="orders",
    )
    op.isolate_tenants("outbox", schema="orders")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="orders")
    op.create_table(
        "shipping_accounts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shipping_accounts")),
        schema="orders",
    )
    op.isolate_tenants("shipping_accounts", schema="orders")
    op.create_index(
        "ix_shipping_accounts_created_at",
        "shipping_accounts",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_shipping_accounts_name",
        "shipping_accounts",
        ["tenant_id", "name", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_shipping_accounts_provider",
        "shipping_accounts",
        ["tenant_id", "provider", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "tax_rates",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("tax_class", sa.Text(), nullable=False),
        sa.Column("rate_ppm", sa.BigInteger(), nullable=False),
        sa.Column("inclusive", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("rate_ppm BETWEEN 0 AND 1000000", name=op.f("ck_tax_rates_rate_ppm")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_tax_rates")),
        schema="orders",
    )
    op.isolate_tenants("tax_rates", schema="orders")
    op.create_index(
        "ix_tax_rates_created_at",
        "tax_rates",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "ix_tax_rates_tax_class",
        "tax_rates",
        ["tenant_id", "tax_class", "created_at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "uq_tax_rates_country_tax_class",
        "tax_rates",
        ["tenant_id", "country", "tax_class"],
        unique=True,
        schema="orders",
    )
    op.create_table(
        "cart_items",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("tax_class", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 1000000", name=op.f("ck_cart_items_quantity")),
        sa.CheckConstraint("unit_amount >= 0", name=op.f("ck_cart_items_unit_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "cart_id"],
            ["orders.carts.tenant_id", "orders.carts.id"],
            name=op.f("fk_cart_items_tenant_id_cart_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_cart_items")),
        schema="orders",
    )
    op.isolate_tenants("cart_items", schema="orders")
    op.create_index(
        "uq_cart_items_cart_id_variant_id",
        "cart_items",
        ["tenant_id", "cart_id", "variant_id"],
        unique=True,
        schema="orders",
    )
    op.create_table(
        "order_lines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("tax_class", sa.Text(), nullable=False),
        sa.Column("weight_g", sa.BigInteger(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("shipped_quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit_amount", sa.BigInteger(), nullable=False),
        sa.Column("discount_amount", sa.BigInteger(), nullable=False),
        sa.Column("tax_amount", sa.BigInteger(), nullable=False),
        sa.Column("total_amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "quantity >= 1 AND shipped_quantity BETWEEN 0 AND quantity", name=op.f("ck_order_lines_quantity")
        ),
        sa.CheckConstraint(
            "total_amount = unit_amount * quantity - discount_amount", name=op.f("ck_order_lines_total")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.orders.tenant_id", "orders.orders.id"],
            name=op.f("fk_order_lines_tenant_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_order_lines")),
        schema="orders",
    )
    op.isolate_tenants("order_lines", schema="orders")
    op.create_index(
        "ix_order_lines_order_id",
        "order_lines",
        ["tenant_id", "order_id", "position"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "shipments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("carrier", sa.Text(), nullable=False),
        sa.Column("tracking_reference", sa.Text(), nullable=False),
        sa.Column("next_step_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.orders.tenant_id", "orders.orders.id"],
            name=op.f("fk_shipments_tenant_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shipments")),
        schema="orders",
    )
    op.isolate_tenants("shipments", schema="orders")
    op.create_index(
        "ix_shipments_next_step_at",
        "shipments",
        ["next_step_at"],
        unique=False,
        schema="orders",
        postgresql_where=sa.text("next_step_at IS NOT NULL"),
    )
    op.create_index(
        "ix_shipments_order_id", "shipments", ["tenant_id", "order_id", "id"], unique=False, schema="orders"
    )
    op.create_table(
        "shipping_methods",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("weight_min_g", sa.BigInteger(), nullable=True),
        sa.Column("weight_max_g", sa.BigInteger(), nullable=True),
        sa.Column("free_amount", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_shipping_methods_amount")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "account_id"],
            ["orders.shipping_accounts.tenant_id", "orders.shipping_accounts.id"],
            name=op.f("fk_shipping_methods_tenant_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_shipping_methods")),
        schema="orders",
    )
    op.isolate_tenants("shipping_methods", schema="orders")
    op.create_index(
        "ix_shipping_methods_account_id",
        "shipping_methods",
        ["tenant_id", "account_id", "position"],
        unique=False,
        schema="orders",
    )
    op.create_table(
        "timeline_entries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.orders.tenant_id", "orders.orders.id"],
            name=op.f("fk_timeline_entries_tenant_id_order_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_timeline_entries")),
        schema="orders",
    )
    op.isolate_tenants("timeline_entries", schema="orders")
    op.create_index(
        "ix_timeline_entries_order_id",
        "timeline_entries",
        ["tenant_id", "order_id", "at", "id"],
        unique=False,
        schema="orders",
    )
    op.create_index(
        "uq_timeline_entries_reference",
        "timeline_entries",
        ["tenant_id", "order_id", "kind", "reference"],
        unique=True,
        schema="orders",
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.create_table(
        "shipment_lines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("line_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity >= 1", name=op.f("ck_shipment_lines_quantity")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "line_id"],
            ["orders.order_lines.tenant_id", "orders.order_lines.id"],
            name=op.f("fk_shipment_lines_tenant_id_line_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "shipment_id"],
            ["orders.shipments.tenant_id", "orders.shipments.id"],
            name=op.f("fk_shipment_lines_tenant_id_shipment_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "shipment_id", "line_id", name=op.f("pk_shipment_lines")),
        schema="orders",
    )
    op.isolate_tenants("shipment_lines", schema="orders")
    op.create_index(
        "ix_shipment_lines_line_id", "shipment_lines", ["tenant_id", "line_id"], unique=False, schema="orders"
    )


def downgrade() -> None:
    op.drop_index("ix_shipment_lines_line_id", table_name="shipment_lines", schema="orders")
    op.drop_table("shipment_lines", schema="orders")
    op.drop_index(
        "uq_timeline_entries_reference",
        table_name="timeline_entries",
        schema="orders",
        postgresql_where=sa.text("reference IS NOT NULL"),
    )
    op.drop_index("ix_timeline_entries_order_id", table_name="timeline_entries", schema="orders")
    op.drop_table("timeline_entries", schema="orders")
    op.drop_index("ix_shipping_methods_account_id", table_name="shipping_methods", schema="orders")
    op.drop_table("shipping_methods", schema="orders")
    op.drop_index("ix_shipments_order_id", table_name="shipments", schema="orders")
    op.drop_index(
        "ix_shipments_next_step_at",
        table_name="shipments",
        schema="orders",
        postgresql_where=sa.text("next_step_at IS NOT NULL"),
    )
    op.drop_table("shipments", schema="orders")
    op.drop_index("ix_order_lines_order_id", table_name="order_lines", schema="orders")
    op.drop_table("order_lines", schema="orders")
    op.drop_index("uq_cart_items_cart_id_variant_id", table_name="cart_items", schema="orders")
    op.drop_table("cart_items", schema="orders")
    op.drop_index("uq_tax_rates_country_tax_class", table_name="tax_rates", schema="orders")
    op.drop_index("ix_tax_rates_tax_class", table_name="tax_rates", schema="orders")
    op.drop_index("ix_tax_rates_created_at", table_name="tax_rates", schema="orders")
    op.drop_table("tax_rates", schema="orders")
    op.drop_index("ix_shipping_accounts_provider", table_name="shipping_accounts", schema="orders")
    op.drop_index("ix_shipping_accounts_name", table_name="shipping_accounts", schema="orders")
    op.drop_index("ix_shipping_accounts_created_at", table_name="shipping_accounts", schema="orders")
    op.drop_table("shipping_accounts", schema="orders")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="orders")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="orders",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="orders")
    op.drop_index("uq_orders_number", table_name="orders", schema="orders")
    op.drop_index("ix_orders_total_amount", table_name="orders", schema="orders")
    op.drop_index("ix_orders_status", table_name="orders", schema="orders")
    op.drop_index("ix_orders_placed_at", table_name="orders", schema="orders")
    op.drop_index("ix_orders_id", table_name="orders", schema="orders")
    op.drop_index("ix_orders_email", table_name="orders", schema="orders")
    op.drop_index(
        "ix_orders_due", table_name="orders", schema="orders", postgresql_where=sa.text("status = 'placed'")
    )
    op.drop_index(
        "ix_orders_delivered",
        table_name="orders",
        schema="orders",
        postgresql_where=sa.text("status = 'delivered'"),
    )
    op.drop_index("ix_orders_customer_user_id", table_name="orders", schema="orders")
    op.drop_index("ix_orders_created_at", table_name="orders", schema="orders")
    op.drop_index("ix_orders_cart_token_hash", table_name="orders", schema="orders")
    op.drop_table("orders", schema="orders")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="orders",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="orders")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="orders",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="orders")
    op.drop_table("job_schedules", schema="orders")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="orders")
    op.drop_table("inbox", schema="orders")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="orders")
    op.drop_table("idempotency_keys", schema="orders")
    op.drop_table("document_numbers", schema="orders")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="orders",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="orders")
    op.drop_index("uq_carts_order_id", table_name="carts", schema="orders")
    op.drop_index("ix_carts_token_hash", table_name="carts", schema="orders")
    op.drop_index("ix_carts_status", table_name="carts", schema="orders")
    op.drop_index(
        "ix_carts_idle", table_name="carts", schema="orders", postgresql_where=sa.text("status = 'open'")
    )
    op.drop_index("ix_carts_customer_user_id", table_name="carts", schema="orders")
    op.drop_index("ix_carts_created_at", table_name="carts", schema="orders")
    op.drop_table("carts", schema="orders")
