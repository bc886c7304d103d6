"""Search forecasts anomalies and prices."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SEARCHED = (
    ("anomalies", "tenant_id, ARRAY[product_name, note]"),
    ("forecast_runs", "tenant_id, ARRAY[tz, grain, error]"),
    ("price_recommendations", "tenant_id, ARRAY[sku, name]"),
)


def upgrade() -> None:
    for table, looked_at in _SEARCHED:
        op.create_index_online(
            f"ix_{table}_search",
            table,
            [sa.literal_column(f"analytics.search_grams({looked_at})")],
            schema="analytics",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": "256"},
        )
        # No figures about pieces of words are needed, and gathering them would cut up every text anew.
        op.execute(f"ALTER INDEX analytics.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    for table, _ in _SEARCHED:
        op.drop_index_online(f"ix_{table}_search", schema="analytics")
