"""Search forecasts anomalies and prices."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_search_index_online("anomalies", ["product_name", "note"], schema="analytics")
    op.create_search_index_online("forecast_runs", ["tz", "grain", "error"], schema="analytics")
    op.create_search_index_online("price_recommendations", ["sku", "name"], schema="analytics")


def downgrade() -> None:
    op.drop_index_online("ix_price_recommendations_search", schema="analytics")
    op.drop_index_online("ix_forecast_runs_search", schema="analytics")
    op.drop_index_online("ix_anomalies_search", schema="analytics")
