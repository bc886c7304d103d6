"""Find products by their attributes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_pairs_function("catalog")
    op.create_index_online(
        "ix_products_filter_values_pairs",
        "products",
        [sa.literal_column("catalog.search_pairs(tenant_id, filter_values)")],
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # Cutting all sampled rows into pieces would take most of the time of an ANALYZE, and tell nothing that is used.
    op.execute("ALTER INDEX catalog.ix_products_filter_values_pairs ALTER COLUMN 1 SET STATISTICS 0")
    # Isolation by row never let it answer.
    op.drop_index_online("ix_products_filter_values", schema="catalog")


def downgrade() -> None:
    op.create_index_online(
        "ix_products_filter_values",
        "products",
        ["filter_values"],
        schema="catalog",
        postgresql_using="gin",
        postgresql_ops={"filter_values": "jsonb_path_ops"},
    )
    op.drop_index(
        "ix_products_filter_values_pairs",
        table_name="products",
        schema="catalog",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.execute("DROP FUNCTION catalog.search_pairs(uuid, jsonb)")
