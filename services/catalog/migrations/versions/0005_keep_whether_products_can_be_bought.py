"""Keep whether products can be bought."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


ACCEPTED = {
    "tighter": "the triggers refuse nothing: they note beside what is written whether products can be bought"
}

# Whether any variant of a product can be bought, for the row of a product in hand.
SELLABLE = """EXISTS (
    SELECT 1 FROM catalog.variants v
    WHERE v.tenant_id = {product}.tenant_id AND v.product_id = {product}.id AND v.deleted_at IS NULL AND (
        {product}.type <> 'goods' OR NOT v.track_stock OR EXISTS (
            SELECT 1 FROM catalog.stock_levels l
            WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id AND l.on_hand > l.reserved + l.allocated
        )
    )
)"""
FUNCTIONS = (
    # Stock is locked after products, so a change of stock leaves the product to the job.
    """
CREATE FUNCTION catalog.note_availability() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog.availability_changes (tenant_id, product_id)
    SELECT v.tenant_id, v.product_id FROM catalog.variants v
    WHERE v.tenant_id = NEW.tenant_id AND v.id = NEW.variant_id;
    RETURN NULL;
END $$
""",
    # Who changes a variant has locked its product before.
    f"""
CREATE FUNCTION catalog.renew_availability() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalog.products p SET is_sellable = {SELLABLE.format(product="p")}
    WHERE p.tenant_id = NEW.tenant_id AND p.id = NEW.product_id
      AND p.is_sellable IS DISTINCT FROM {SELLABLE.format(product="p")};
    RETURN NULL;
END $$
""",
    f"""
CREATE FUNCTION catalog.retype_availability() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.is_sellable := {SELLABLE.format(product="NEW")};
    RETURN NEW;
END $$
""",
)
TRIGGERS = (
    (
        "note_new",
        "stock_levels",
        "AFTER INSERT",
        "WHEN (NEW.on_hand > NEW.reserved + NEW.allocated)",
        "note_availability",
    ),
    (
        "note_change",
        "stock_levels",
        "AFTER UPDATE",
        "WHEN ((OLD.on_hand > OLD.reserved + OLD.allocated) <> (NEW.on_hand > NEW.reserved + NEW.allocated))",
        "note_availability",
    ),
    ("renew_new", "variants", "AFTER INSERT", "", "renew_availability"),
    (
        "renew_change",
        "variants",
        "AFTER UPDATE",
        "WHEN (OLD.track_stock <> NEW.track_stock OR (OLD.deleted_at IS NULL) <> (NEW.deleted_at IS NULL))",
        "renew_availability",
    ),
    ("renew_type", "products", "BEFORE UPDATE", "WHEN (OLD.type <> NEW.type)", "retype_availability"),
)


def upgrade() -> None:
    op.create_table(
        "availability_changes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_availability_changes")),
        schema="catalog",
    )
    op.isolate_tenants("availability_changes", schema="catalog")
    op.add_column(
        "products",
        sa.Column("is_sellable", sa.Boolean(), nullable=True),
        schema="catalog",
    )
    # Of those that are there already nothing is known until the job has looked; a new one has no variant yet.
    op.alter_column("products", "is_sellable", server_default=sa.text("false"), schema="catalog")
    for function in FUNCTIONS:
        op.execute(function.strip())
    for name, table, when, condition, function in TRIGGERS:
        op.execute(
            f"CREATE TRIGGER {name} {when} ON catalog.{table} FOR EACH ROW {condition} "
            f"EXECUTE FUNCTION catalog.{function}()"
        )
    op.create_index_online(
        "ix_products_availability_unknown",
        "products",
        ["tenant_id", "id"],
        unique=False,
        schema="catalog",
        postgresql_where=sa.text("is_sellable IS NULL"),
    )
    op.create_index_online(
        "ix_products_is_sellable",
        "products",
        ["tenant_id", "is_sellable", "created_at", "id"],
        unique=False,
        schema="catalog",
    )


def downgrade() -> None:
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON catalog.{table}")
    for function in ("note_availability", "renew_availability", "retype_availability"):
        op.execute(f"DROP FUNCTION catalog.{function}()")
    op.drop_index("ix_products_is_sellable", table_name="products", schema="catalog")
    op.drop_index(
        "ix_products_availability_unknown",
        table_name="products",
        schema="catalog",
        postgresql_where=sa.text("is_sellable IS NULL"),
    )
    op.drop_column("products", "is_sellable", schema="catalog")
    op.drop_table("availability_changes", schema="catalog")
