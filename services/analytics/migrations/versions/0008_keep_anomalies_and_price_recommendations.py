"""Keep anomalies and price recommendations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "anomalies",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("product_name", sa.Text(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("tz", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("observed", sa.Float(), nullable=False),
        sa.Column("expected", sa.Float(), nullable=False),
        sa.Column("low", sa.Float(), nullable=False),
        sa.Column("high", sa.Float(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("p_value", sa.Float(), nullable=False),
        sa.Column("impact", sa.BigInteger(), nullable=False),
        sa.Column("history_days", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), server_default="open", nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(status = 'acknowledged') = (acknowledged_at IS NOT NULL)",
            name=op.f("ck_anomalies_acknowledged_at"),
        ),
        sa.CheckConstraint("status IN ('open', 'acknowledged')", name=op.f("ck_anomalies_status")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_anomalies")),
        schema="analytics",
    )
    op.isolate_tenants("anomalies", schema="analytics")
    op.create_index(
        "ix_anomalies_by_day", "anomalies", ["tenant_id", "day", "id"], unique=False, schema="analytics"
    )
    op.create_index(
        "ix_anomalies_by_impact", "anomalies", ["tenant_id", "impact", "id"], unique=False, schema="analytics"
    )
    op.create_index(
        "ix_anomalies_created_at",
        "anomalies",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_anomalies_direction",
        "anomalies",
        ["tenant_id", "direction", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_anomalies_metric",
        "anomalies",
        ["tenant_id", "metric", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_anomalies_product_id",
        "anomalies",
        ["tenant_id", "product_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_anomalies_severity",
        "anomalies",
        ["tenant_id", "severity", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_anomalies_status",
        "anomalies",
        ["tenant_id", "status", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "uq_anomalies_metric_subject_day",
        "anomalies",
        ["tenant_id", "metric", "subject", "day"],
        unique=True,
        schema="analytics",
    )
    op.create_table(
        "insight_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("tz", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "kind", name=op.f("pk_insight_runs")),
        schema="analytics",
    )
    op.isolate_tenants("insight_runs", schema="analytics")
    op.create_index("ix_insight_runs_due_at", "insight_runs", ["due_at"], unique=False, schema="analytics")
    op.create_table(
        "price_recommendations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("variant_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("current_price", sa.BigInteger(), nullable=False),
        sa.Column("recommended_price", sa.BigInteger(), nullable=True),
        sa.Column("gain", sa.BigInteger(), nullable=True),
        sa.Column("expected", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "action IN ('raise', 'lower', 'keep', 'refused')", name=op.f("ck_price_recommendations_action")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_price_recommendations")),
        schema="analytics",
    )
    op.isolate_tenants("price_recommendations", schema="analytics")
    op.create_index(
        "ix_price_recommendations_action",
        "price_recommendations",
        ["tenant_id", "action", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_price_recommendations_by_computed_at",
        "price_recommendations",
        ["tenant_id", "computed_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_price_recommendations_by_gain",
        "price_recommendations",
        ["tenant_id", "gain", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_price_recommendations_created_at",
        "price_recommendations",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "ix_price_recommendations_product_id",
        "price_recommendations",
        ["tenant_id", "product_id", "created_at", "id"],
        unique=False,
        schema="analytics",
    )
    op.create_index(
        "uq_price_recommendations_variant_id",
        "price_recommendations",
        ["tenant_id", "variant_id"],
        unique=True,
        schema="analytics",
    )


def downgrade() -> None:
    op.drop_index(
        "uq_price_recommendations_variant_id", table_name="price_recommendations", schema="analytics"
    )
    op.drop_index(
        "ix_price_recommendations_product_id", table_name="price_recommendations", schema="analytics"
    )
    op.drop_index(
        "ix_price_recommendations_created_at", table_name="price_recommendations", schema="analytics"
    )
    op.drop_index("ix_price_recommendations_by_gain", table_name="price_recommendations", schema="analytics")
    op.drop_index(
        "ix_price_recommendations_by_computed_at", table_name="price_recommendations", schema="analytics"
    )
    op.drop_index("ix_price_recommendations_action", table_name="price_recommendations", schema="analytics")
    op.drop_table("price_recommendations", schema="analytics")
    op.drop_index("ix_insight_runs_due_at", table_name="insight_runs", schema="analytics")
    op.drop_table("insight_runs", schema="analytics")
    op.drop_index("uq_anomalies_metric_subject_day", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_status", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_severity", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_product_id", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_metric", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_direction", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_created_at", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_by_impact", table_name="anomalies", schema="analytics")
    op.drop_index("ix_anomalies_by_day", table_name="anomalies", schema="analytics")
    op.drop_table("anomalies", schema="analytics")
