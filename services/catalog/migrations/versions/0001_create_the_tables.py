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
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.Column("price_currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_assigned_products")),
        schema="catalog",
    )
    op.isolate_tenants("assigned_products", schema="catalog")
    op.create_index(
        "ix_assigned_products_company_id",
        "assigned_products",
        ["tenant_id", "company_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_assigned_products_created_at",
        "assigned_products",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_assigned_products_sku",
        "assigned_products",
        ["tenant_id", "sku", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_assigned_products_status",
        "assigned_products",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_assigned_products_updated_at",
        "assigned_products",
        ["tenant_id", "updated_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "uq_assigned_products",
        "assigned_products",
        ["tenant_id", "company_id", "product_id"],
        unique=True,
        schema="catalog",
    )
    op.create_table(
        "categories",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["catalog.categories.tenant_id", "catalog.categories.id"],
            name="fk_categories_parent",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_categories")),
        schema="catalog",
    )
    op.isolate_tenants("categories", schema="catalog")
    op.create_index(
        "ix_categories_created_at",
        "categories",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_categories_name", "categories", ["tenant_id", "name", "id"], unique=False, schema="catalog"
    )
    op.create_index(
        "ix_categories_parent_id",
        "categories",
        ["tenant_id", "parent_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_categories_position",
        "categories",
        ["tenant_id", "position", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_categories_updated_at",
        "categories",
        ["tenant_id", "updated_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index("uq_categories_slug", "categories", ["tenant_id", "slug"], unique=True, schema="catalog")
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
        schema="catalog",
    )
    op.isolate_tenants("dead_letters", schema="catalog")
    op.create_index(
        "ix_dead_letters_open",
        "dead_letters",
        ["created_at"],
        unique=False,
        schema="catalog",
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
        schema="catalog",
    )
    op.isolate_tenants("idempotency_keys", schema="catalog")
    op.create_index(
        "ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"], unique=False, schema="catalog"
    )
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.Text(), nullable=False),
        sa.Column(
            "processed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("event_id", "handler", name=op.f("pk_inbox")),
        schema="catalog",
    )
    op.create_index("ix_inbox_processed_at", "inbox", ["processed_at"], unique=False, schema="catalog")
    op.create_table(
        "job_schedules",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("last_tick", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_schedules")),
        schema="catalog",
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
        schema="catalog",
    )
    op.isolate_tenants("jobs", schema="catalog")
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["run_at"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"], unique=False, schema="catalog")
    op.create_index(
        "uq_jobs_name_key",
        "jobs",
        ["name", "key"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.create_table(
        "movements",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("on_hand_after", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cause_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_movements")),
        schema="catalog",
    )
    op.isolate_tenants("movements", schema="catalog")
    op.create_index(
        "ix_movements_cause_id",
        "movements",
        ["tenant_id", "cause_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_movements_created_at",
        "movements",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_movements_store_id",
        "movements",
        ["tenant_id", "store_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_movements_type",
        "movements",
        ["tenant_id", "type", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_movements_variant_id",
        "movements",
        ["tenant_id", "variant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
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
        schema="catalog",
    )
    op.isolate_tenants("outbox", schema="catalog")
    op.create_index(
        "ix_outbox_pending",
        "outbox",
        ["id"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.create_index("ix_outbox_published_at", "outbox", ["published_at"], unique=False, schema="catalog")
    op.create_table(
        "prices",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("old_amount", sa.BigInteger(), nullable=True),
        sa.Column("old_currency", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_prices")),
        schema="catalog",
    )
    op.isolate_tenants("prices", schema="catalog")
    op.create_index(
        "ix_prices_created_at", "prices", ["tenant_id", "created_at", "id"], unique=False, schema="catalog"
    )
    op.create_index(
        "ix_prices_variant_id",
        "prices",
        ["tenant_id", "variant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_table(
        "reservation_shipments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("shipment_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reservation_shipments")),
        schema="catalog",
    )
    op.isolate_tenants("reservation_shipments", schema="catalog")
    op.create_index(
        "uq_reservation_shipments",
        "reservation_shipments",
        ["tenant_id", "shipment_id"],
        unique=True,
        schema="catalog",
    )
    op.create_table(
        "reservations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release_cause", sa.Text(), nullable=True),
        sa.Column("shortfall", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reservations")),
        schema="catalog",
    )
    op.isolate_tenants("reservations", schema="catalog")
    op.create_index(
        "ix_reservations_created_at",
        "reservations",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_reservations_due",
        "reservations",
        ["expires_at"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.create_index(
        "ix_reservations_short",
        "reservations",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("shortfall IS NOT NULL"),
    )
    op.create_index(
        "ix_reservations_status",
        "reservations",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_reservations_updated_at",
        "reservations",
        ["tenant_id", "updated_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "uq_reservations_order_id", "reservations", ["tenant_id", "order_id"], unique=True, schema="catalog"
    )
    op.create_table(
        "stores",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_stores")),
        schema="catalog",
    )
    op.isolate_tenants("stores", schema="catalog")
    op.create_index(
        "ix_stores_created_at", "stores", ["tenant_id", "created_at", "id"], unique=False, schema="catalog"
    )
    op.create_index("ix_stores_name", "stores", ["tenant_id", "name", "id"], unique=False, schema="catalog")
    op.create_index(
        "ix_stores_updated_at", "stores", ["tenant_id", "updated_at", "id"], unique=False, schema="catalog"
    )
    op.create_index(
        "uq_stores_code",
        "stores",
        ["tenant_id", "code"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "uq_stores_default",
        "stores",
        ["tenant_id"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("is_default AND deleted_at IS NULL"),
    )
    op.create_table(
        "products",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("attributes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seo_title", sa.Text(), nullable=True),
        sa.Column("seo_description", sa.Text(), nullable=True),
        sa.Column("tax_class", sa.Text(), nullable=True),
        sa.Column("media", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "filter_values",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "category_id"],
            ["catalog.categories.tenant_id", "catalog.categories.id"],
            name="fk_products_category",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_products")),
        schema="catalog",
    )
    op.isolate_tenants("products", schema="catalog")
    op.create_index(
        "ix_products_category_id",
        "products",
        ["tenant_id", "category_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_products_created_at",
        "products",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_products_filter_values",
        "products",
        ["filter_values"],
        unique=False,
        schema="catalog",
        postgresql_using="gin",
        postgresql_ops={"filter_values": "jsonb_path_ops"},
    )
    op.create_index(
        "ix_products_name", "products", ["tenant_id", "name", "id"], unique=False, schema="catalog"
    )
    op.create_index(
        "ix_products_price", "products", ["tenant_id", "price_amount", "id"], unique=False, schema="catalog"
    )
    op.create_index(
        "ix_products_status",
        "products",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_products_type",
        "products",
        ["tenant_id", "type", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_products_updated_at",
        "products",
        ["tenant_id", "updated_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "uq_products_slug",
        "products",
        ["tenant_id", "slug"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "reservation_lines",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reservation_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("shipped_quantity", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_reservation_lines_quantity")),
        sa.CheckConstraint(
            "shipped_quantity BETWEEN 0 AND quantity", name=op.f("ck_reservation_lines_shipped")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "reservation_id"],
            ["catalog.reservations.tenant_id", "catalog.reservations.id"],
            name="fk_reservation_lines_reservation",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_reservation_lines")),
        schema="catalog",
    )
    op.isolate_tenants("reservation_lines", schema="catalog")
    op.create_index(
        "ix_reservation_lines_reservation_id",
        "reservation_lines",
        ["tenant_id", "reservation_id", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_reservation_lines_variant_id",
        "reservation_lines",
        ["tenant_id", "variant_id", "store_id"],
        unique=False,
        schema="catalog",
    )
    op.create_table(
        "variants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("options", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("weight_g", sa.BigInteger(), nullable=True),
        sa.Column("price_amount", sa.BigInteger(), nullable=True),
        sa.Column("price_currency", sa.Text(), nullable=True),
        sa.Column("track_stock", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("low_stock_threshold", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["catalog.products.tenant_id", "catalog.products.id"],
            name="fk_variants_product",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_variants")),
        schema="catalog",
    )
    op.isolate_tenants("variants", schema="catalog")
    op.create_index(
        "ix_variants_created_at",
        "variants",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_variants_product_id",
        "variants",
        ["tenant_id", "product_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "uq_variants_sku",
        "variants",
        ["tenant_id", "sku"],
        unique=True,
        schema="catalog",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "stock_levels",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("store_id", sa.Uuid(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("allocated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("allocated >= 0", name=op.f("ck_stock_levels_allocated")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_stock_levels_on_hand")),
        sa.CheckConstraint("reserved + allocated <= on_hand", name=op.f("ck_stock_levels_held")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_stock_levels_reserved")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "store_id"],
            ["catalog.stores.tenant_id", "catalog.stores.id"],
            name="fk_stock_levels_store",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "variant_id"],
            ["catalog.variants.tenant_id", "catalog.variants.id"],
            name="fk_stock_levels_variant",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_stock_levels")),
        schema="catalog",
    )
    op.isolate_tenants("stock_levels", schema="catalog")
    op.create_index(
        "ix_stock_levels_created_at",
        "stock_levels",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_stock_levels_store_id",
        "stock_levels",
        ["tenant_id", "store_id", "created_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "ix_stock_levels_updated_at",
        "stock_levels",
        ["tenant_id", "updated_at", "id"],
        unique=False,
        schema="catalog",
    )
    op.create_index(
        "uq_stock_levels_variant_id_store_id",
        "stock_levels",
        ["tenant_id", "variant_id", "store_id"],
        unique=True,
        schema="catalog",
    )


def downgrade() -> None:
    op.drop_index("uq_stock_levels_variant_id_store_id", table_name="stock_levels", schema="catalog")
    op.drop_index("ix_stock_levels_updated_at", table_name="stock_levels", schema="catalog")
    op.drop_index("ix_stock_levels_store_id", table_name="stock_levels", schema="catalog")
    op.drop_index("ix_stock_levels_created_at", table_name="stock_levels", schema="catalog")
    op.drop_table("stock_levels", schema="catalog")
    op.drop_index(
        "uq_variants_sku",
        table_name="variants",
        schema="catalog",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_variants_product_id", table_name="variants", schema="catalog")
    op.drop_index("ix_variants_created_at", table_name="variants", schema="catalog")
    op.drop_table("variants", schema="catalog")
    op.drop_index("ix_reservation_lines_variant_id", table_name="reservation_lines", schema="catalog")
    op.drop_index("ix_reservation_lines_reservation_id", table_name="reservation_lines", schema="catalog")
    op.drop_table("reservation_lines", schema="catalog")
    op.drop_index(
        "uq_products_slug",
        table_name="products",
        schema="catalog",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_products_updated_at", table_name="products", schema="catalog")
    op.drop_index("ix_products_type", table_name="products", schema="catalog")
    op.drop_index("ix_products_status", table_name="products", schema="catalog")
    op.drop_index("ix_products_price", table_name="products", schema="catalog")
    op.drop_index("ix_products_name", table_name="products", schema="catalog")
    op.drop_index(
        "ix_products_filter_values",
        table_name="products",
        schema="catalog",
        postgresql_using="gin",
        postgresql_ops={"filter_values": "jsonb_path_ops"},
    )
    op.drop_index("ix_products_created_at", table_name="products", schema="catalog")
    op.drop_index("ix_products_category_id", table_name="products", schema="catalog")
    op.drop_table("products", schema="catalog")
    op.drop_index(
        "uq_stores_default",
        table_name="stores",
        schema="catalog",
        postgresql_where=sa.text("is_default AND deleted_at IS NULL"),
    )
    op.drop_index(
        "uq_stores_code",
        table_name="stores",
        schema="catalog",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_stores_updated_at", table_name="stores", schema="catalog")
    op.drop_index("ix_stores_name", table_name="stores", schema="catalog")
    op.drop_index("ix_stores_created_at", table_name="stores", schema="catalog")
    op.drop_table("stores", schema="catalog")
    op.drop_index("uq_reservations_order_id", table_name="reservations", schema="catalog")
    op.drop_index("ix_reservations_updated_at", table_name="reservations", schema="catalog")
    op.drop_index("ix_reservations_status", table_name="reservations", schema="catalog")
    op.drop_index(
        "ix_reservations_short",
        table_name="reservations",
        schema="catalog",
        postgresql_where=sa.text("shortfall IS NOT NULL"),
    )
    op.drop_index(
        "ix_reservations_due",
        table_name="reservations",
        schema="catalog",
        postgresql_where=sa.text("status = 'reserved'"),
    )
    op.drop_index("ix_reservations_created_at", table_name="reservations", schema="catalog")
    op.drop_table("reservations", schema="catalog")
    op.drop_index("uq_reservation_shipments", table_name="reservation_shipments", schema="catalog")
    op.drop_table("reservation_shipments", schema="catalog")
    op.drop_index("ix_prices_variant_id", table_name="prices", schema="catalog")
    op.drop_index("ix_prices_created_at", table_name="prices", schema="catalog")
    op.drop_table("prices", schema="catalog")
    op.drop_index("ix_outbox_published_at", table_name="outbox", schema="catalog")
    op.drop_index(
        "ix_outbox_pending",
        table_name="outbox",
        schema="catalog",
        postgresql_where=sa.text("published_at IS NULL"),
    )
    op.drop_table("outbox", schema="catalog")
    op.drop_index("ix_movements_variant_id", table_name="movements", schema="catalog")
    op.drop_index("ix_movements_type", table_name="movements", schema="catalog")
    op.drop_index("ix_movements_store_id", table_name="movements", schema="catalog")
    op.drop_index("ix_movements_created_at", table_name="movements", schema="catalog")
    op.drop_index("ix_movements_cause_id", table_name="movements", schema="catalog")
    op.drop_table("movements", schema="catalog")
    op.drop_index(
        "uq_jobs_name_key",
        table_name="jobs",
        schema="catalog",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_index("ix_jobs_finished_at", table_name="jobs", schema="catalog")
    op.drop_index(
        "ix_jobs_due",
        table_name="jobs",
        schema="catalog",
        postgresql_where=sa.text("finished_at IS NULL AND dead_at IS NULL"),
    )
    op.drop_table("jobs", schema="catalog")
    op.drop_table("job_schedules", schema="catalog")
    op.drop_index("ix_inbox_processed_at", table_name="inbox", schema="catalog")
    op.drop_table("inbox", schema="catalog")
    op.drop_index("ix_idempotency_keys_created_at", table_name="idempotency_keys", schema="catalog")
    op.drop_table("idempotency_keys", schema="catalog")
    op.drop_index(
        "ix_dead_letters_open",
        table_name="dead_letters",
        schema="catalog",
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_table("dead_letters", schema="catalog")
    op.drop_index("uq_categories_slug", table_name="categories", schema="catalog")
    op.drop_index("ix_categories_updated_at", table_name="categories", schema="catalog")
    op.drop_index("ix_categories_position", table_name="categories", schema="catalog")
    op.drop_index("ix_categories_parent_id", table_name="categories", schema="catalog")
    op.drop_index("ix_categories_name", table_name="categories", schema="catalog")
    op.drop_index("ix_categories_created_at", table_name="categories", schema="catalog")
    op.drop_table("categories", schema="catalog")
    op.drop_index("uq_assigned_products", table_name="assigned_products", schema="catalog")
    op.drop_index("ix_assigned_products_updated_at", table_name="assigned_products", schema="catalog")
    op.drop_index("ix_assigned_products_status", table_name="assigned_products", schema="catalog")
    op.drop_index("ix_assigned_products_sku", table_name="assigned_products", schema="catalog")
    op.drop_index("ix_assigned_products_created_at", table_name="assigned_products", schema="catalog")
    op.drop_index("ix_assigned_products_company_id", table_name="assigned_products", schema="catalog")
    op.drop_table("assigned_products", schema="catalog")
