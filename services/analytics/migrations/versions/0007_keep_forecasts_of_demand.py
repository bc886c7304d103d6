"""Keep forecasts of demand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "demand_forecasts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "variant_id", name=op.f("pk_demand_forecasts")),
        schema="analytics",
    )
    op.isolate_tenants("demand_forecasts", schema="analytics")
    op.create_index(
        "ix_demand_forecasts_pending",
        "demand_forecasts",
        ["tenant_id", "run_id", "variant_id"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("document IS NULL"),
    )
    op.create_index(
        "ix_demand_forecasts_product_id",
        "demand_forecasts",
        ["tenant_id", "run_id", "product_id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_demand_forecasts_sku",
        "demand_forecasts",
        ["tenant_id", "run_id", "sku"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_demand_forecasts_volume",
        "demand_forecasts",
        ["tenant_id", "run_id", "volume", "variant_id"],
        unique=False,
        schema="analytics",
    )
    op.create_table(
        "forecast_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grain", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("series", sa.Integer(), nullable=True),
        sa.Column("computed", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint("grain IN ('day', 'week', 'month')", name=op.f("ck_forecast_runs_grain")),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed')", name=op.f("ck_forecast_runs_status")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_forecast_runs")),
        schema="analytics",
    )
    op.isolate_tenants("forecast_runs", schema="analytics")
    op.create_index(
        "ix_forecast_runs_age",
        "forecast_runs",
        ["finished_at"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("is_current"),
    )
    op.create_index(
        "ix_forecast_runs_created_at",
        "forecast_runs",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_forecast_runs_grain",
        "forecast_runs",
        ["tenant_id", "grain", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_forecast_runs_status",
        "forecast_runs",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_forecast_runs_waiting",
        "forecast_runs",
        ["created_at"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_index(
        "uq_forecast_runs_current",
        "forecast_runs",
        ["tenant_id", "grain", "tz"],
        unique=True,
        schema="analytics",
        postgresql_where=sa.text("is_current"),
    )
    op.create_index(
        "uq_forecast_runs_unfinished",
        "forecast_runs",
        ["tenant_id", "grain", "tz"],
        unique=True,
        schema="analytics",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.create_index_online(
        "ix_events_stock",
        "events",
        ["tenant_id", "subject", "time"],
        unique=False,
        schema="analytics",
        postgresql_where=sa.text("type = 'catalog.stock_changed.v1'"),
    )
    op.create_index_online(
        "ix_order_line_facts_sku", "order_line_facts", ["tenant_id", "sku"], unique=False, schema="analytics"
    )
    op.create_index_online(
        "ix_order_line_facts_variant_id",
        "order_line_facts",
        ["tenant_id", "variant_id"],
        unique=False,
        schema="analytics",
    )
    op.create_index_online(
        "ix_stock_facts_variant_id",
        "stock_facts",
        ["tenant_id", "variant_id"],
        unique=False,
        schema="analytics",
    )


def downgrade() -> None:
    op.drop_index("ix_stock_facts_variant_id", table_name="stock_facts", schema="analytics")
    op.drop_index("ix_order_line_facts_variant_id", table_name="order_line_facts", schema="analytics")
    op.drop_index("ix_order_line_facts_sku", table_name="order_line_facts", schema="analytics")
    op.drop_index(
        "ix_events_stock",
        table_name="events",
        schema="analytics",
        postgresql_where=sa.text("type = 'catalog.stock_changed.v1'"),
    )
    op.drop_index(
        "uq_forecast_runs_unfinished",
        table_name="forecast_runs",
        schema="analytics",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.drop_index(
        "uq_forecast_runs_current",
        table_name="forecast_runs",
        schema="analytics",
        postgresql_where=sa.text("is_current"),
    )
    op.drop_index(
        "ix_forecast_runs_waiting",
        table_name="forecast_runs",
        schema="analytics",
        postgresql_where=sa.text("status IN ('queued', 'running')"),
    )
    op.drop_index("ix_forecast_runs_status", table_name="forecast_runs", schema="analytics")
    op.drop_index("ix_forecast_runs_grain", table_name="forecast_runs", schema="analytics")
    op.drop_index("ix_forecast_runs_created_at", table_name="forecast_runs", schema="analytics")
    op.drop_index(
        "ix_forecast_runs_age",
        table_name="forecast_runs",
        schema="analytics",
        postgresql_where=sa.text("is_current"),
    )
    op.drop_table("forecast_runs", schema="analytics")
    op.drop_index("ix_demand_forecasts_volume", table_name="demand_forecasts", schema="analytics")
    op.drop_index("ix_demand_forecasts_sku", table_name="demand_forecasts", schema="analytics")
    op.drop_index("ix_demand_forecasts_product_id", table_name="demand_forecasts", schema="analytics")
    op.drop_index(
        "ix_demand_forecasts_pending",
        table_name="demand_forecasts",
        schema="analytics",
        postgresql_where=sa.text("document IS NULL"),
    )
    op.drop_table("demand_forecasts", schema="analytics")
