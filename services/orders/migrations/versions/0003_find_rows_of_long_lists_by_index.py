"""Find rows of long lists by index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("orders")
    op.create_index_online(
        "ix_carts_by_updated_at", "carts", ["tenant_id", "updated_at", "id"], schema="orders"
    )
    op.create_index_online(
        "ix_orders_by_updated_at", "orders", ["tenant_id", "updated_at", "id"], schema="orders"
    )
    op.create_index_online(
        "ix_orders_search",
        "orders",
        [sa.literal_column("orders.search_grams(tenant_id, ARRAY[number, email, customer_name])")],
        schema="orders",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_shipping_accounts_by_name",
        "shipping_accounts",
        ["tenant_id", "name", "id"],
        schema="orders",
    )
    op.create_index_online(
        "ix_shipping_accounts_by_updated_at",
        "shipping_accounts",
        ["tenant_id", "updated_at", "id"],
        schema="orders",
    )
    op.create_index_online(
        "ix_shipping_accounts_search",
        "shipping_accounts",
        [sa.literal_column("orders.search_grams(tenant_id, ARRAY[name])")],
        schema="orders",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_tax_rates_by_updated_at",
        "tax_rates",
        ["tenant_id", "updated_at", "id"],
        schema="orders",
    )
    op.create_index_online(
        "ix_tax_rates_country",
        "tax_rates",
        ["tenant_id", "country", "created_at", "id"],
        schema="orders",
    )
    op.create_index_online(
        "ix_tax_rates_search",
        "tax_rates",
        [sa.literal_column("orders.search_grams(tenant_id, ARRAY[name])")],
        schema="orders",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in (
        "orders",
        "shipping_accounts",
        "tax_rates",
    ):
        op.execute(f"ALTER INDEX orders.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_index(
        "ix_tax_rates_search",
        table_name="tax_rates",
        schema="orders",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_tax_rates_country", table_name="tax_rates", schema="orders")
    op.drop_index("ix_tax_rates_by_updated_at", table_name="tax_rates", schema="orders")
    op.drop_index(
        "ix_shipping_accounts_search",
        table_name="shipping_accounts",
        schema="orders",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_shipping_accounts_by_updated_at", table_name="shipping_accounts", schema="orders")
    op.drop_index("ix_shipping_accounts_by_name", table_name="shipping_accounts", schema="orders")
    op.drop_index(
        "ix_orders_search",
        table_name="orders",
        schema="orders",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_orders_by_updated_at", table_name="orders", schema="orders")
    op.drop_index("ix_carts_by_updated_at", table_name="carts", schema="orders")
