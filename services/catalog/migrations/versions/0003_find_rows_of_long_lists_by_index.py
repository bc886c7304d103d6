"""Find rows of long lists by index."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("catalog")
    op.create_index_online(
        "ix_categories_search",
        "categories",
        [sa.literal_column("catalog.search_grams(tenant_id, ARRAY[name])")],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_products_price_currency",
        "products",
        ["tenant_id", "price_currency", "created_at", "id"],
        schema="catalog",
    )
    op.create_index_online(
        "ix_products_search",
        "products",
        [sa.literal_column("catalog.search_grams(tenant_id, ARRAY[search_text])")],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_stores_search",
        "stores",
        [sa.literal_column("catalog.search_grams(tenant_id, ARRAY[name, code])")],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in (
        "categories",
        "products",
        "stores",
    ):
        op.execute(f"ALTER INDEX catalog.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_index(
        "ix_stores_search",
        table_name="stores",
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_products_search",
        table_name="products",
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_products_price_currency", table_name="products", schema="catalog")
    op.drop_index(
        "ix_categories_search",
        table_name="categories",
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
