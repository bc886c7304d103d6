"""Keep plans, which business has which, and what is used of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _row() -> list[sa.Column]:
    return [
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
    ]


def _end(*, deleted: bool = False) -> list[sa.Column]:
    found = [
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
    ]
    if deleted:
        found.append(sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    return found


def _time(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.create_table(
        "plans",
        *_row(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("features", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("limits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quotas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("price_amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("trial_days", sa.Integer(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("fallback", sa.Text(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        *_end(deleted=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_plans")),
        schema="identity",
    )
    op.isolate_tenants("plans", schema="identity")
    op.create_index("ix_plans_created_at", "plans", ["tenant_id", "created_at", "id"], schema="identity")
    op.create_index("ix_plans_by_rank", "plans", ["tenant_id", "rank", "id"], schema="identity")
    op.create_index("uq_plans_code", "plans", ["tenant_id", "code"], unique=True, schema="identity")
    op.create_table(
        "subscriptions",
        *_row(),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        _time("period_starts_at"),
        _time("period_ends_at"),
        _time("trial_ends_at"),
        _time("grace_ends_at"),
        _time("ended_at"),
        sa.Column("next_plan", sa.Text(), nullable=True),
        sa.Column("previous_plan", sa.Text(), nullable=True),
        sa.Column("tried", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        _time("due_at"),
        *_end(),
        sa.CheckConstraint("tenant_id = id", name=op.f("ck_subscriptions_own_row")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_subscriptions")),
        schema="identity",
    )
    op.isolate_tenants("subscriptions", schema="identity")
    op.create_index("ix_subscriptions_plan", "subscriptions", ["plan"], schema="identity")
    op.create_index(
        "ix_subscriptions_next_plan",
        "subscriptions",
        ["next_plan"],
        schema="identity",
        postgresql_where=sa.text("next_plan IS NOT NULL"),
    )
    op.create_index(
        "ix_subscriptions_due_at",
        "subscriptions",
        ["due_at"],
        schema="identity",
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "usage_counters",
        *_row(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        *_end(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_usage_counters")),
        schema="identity",
    )
    op.isolate_tenants("usage_counters", schema="identity")
    op.create_index(
        "uq_usage_counters_code",
        "usage_counters",
        ["tenant_id", "code", "month_on"],
        unique=True,
        schema="identity",
    )
    op.create_table(
        "usage_claims",
        *_row(),
        sa.Column("counter_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("month_on", sa.Date(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        *_end(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_usage_claims")),
        schema="identity",
    )
    op.isolate_tenants("usage_claims", schema="identity")
    op.create_index("ix_usage_claims_month_on", "usage_claims", ["month_on"], schema="identity")


def downgrade() -> None:
    for table in ("usage_claims", "usage_counters", "subscriptions", "plans"):
        op.drop_table(table, schema="identity")
