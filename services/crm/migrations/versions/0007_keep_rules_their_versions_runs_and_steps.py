"""Keep rules, their versions, runs and steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "automation_rules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("enabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("trigger", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("trigger_type", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("object_type", sa.Text(), nullable=True),
        sa.Column("conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("actions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(trigger_type = 'event') = (event IS NOT NULL)", name=op.f("ck_automation_rules_event")
        ),
        sa.CheckConstraint(
            "trigger_type IN ('event', 'schedule', 'manual')", name=op.f("ck_automation_rules_trigger_type")
        ),
        sa.CheckConstraint(
            "(enabled) = (enabled_at IS NOT NULL)", name=op.f("ck_automation_rules_enabled_at")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_automation_rules")),
        schema="crm",
    )
    op.isolate_tenants("automation_rules", schema="crm")
    op.create_index(
        "ix_automation_rules_by_name",
        "automation_rules",
        ["tenant_id", "name", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_rules_by_updated_at",
        "automation_rules",
        ["tenant_id", "updated_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_rules_created_at",
        "automation_rules",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_rules_enabled",
        "automation_rules",
        ["tenant_id", "enabled", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_rules_event",
        "automation_rules",
        ["tenant_id", "event", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_rules_hearing",
        "automation_rules",
        ["tenant_id", "event"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("enabled AND deleted_at IS NULL AND event IS NOT NULL"),
    )
    op.create_index(
        "ix_automation_rules_next_run_at",
        "automation_rules",
        ["next_run_at"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("enabled AND deleted_at IS NULL AND next_run_at IS NOT NULL"),
    )
    op.create_index(
        "ix_automation_rules_owner_id",
        "automation_rules",
        ["tenant_id", "owner_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_rules_search",
        "automation_rules",
        [sa.literal_column("crm.search_grams(tenant_id, ARRAY[name])")],
        unique=False,
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index(
        "ix_automation_rules_trigger_type",
        "automation_rules",
        ["tenant_id", "trigger_type", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_table(
        "automation_runs",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("rule_version", sa.BigInteger(), nullable=False),
        sa.Column("trigger_type", sa.Text(), nullable=False),
        sa.Column("cause_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=True),
        sa.Column("event_data", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("object_type", sa.Text(), nullable=True),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column("started_by_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("depth", sa.BigInteger(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(status IN ('running', 'waiting')) = (finished_at IS NULL) AND (finished_at IS NULL) = (due_at IS NOT NULL) AND (finished_at IS NULL OR event_data IS NULL)",
            name=op.f("ck_automation_runs_finished_at"),
        ),
        sa.CheckConstraint(
            "status IN ('running', 'waiting', 'completed', 'failed', 'stopped', 'cancelled', 'skipped')",
            name=op.f("ck_automation_runs_status"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rule_id"],
            ["crm.automation_rules.tenant_id", "crm.automation_rules.id"],
            name=op.f("fk_automation_runs_tenant_id_rule_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_automation_runs")),
        schema="crm",
    )
    op.isolate_tenants("automation_runs", schema="crm")
    op.create_index(
        "ix_automation_runs_by_finished_at",
        "automation_runs",
        ["tenant_id", "rule_id", "finished_at"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_runs_due_at",
        "automation_runs",
        ["due_at"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("status IN ('running', 'waiting')"),
    )
    op.create_index(
        "ix_automation_runs_object_id",
        "automation_runs",
        ["tenant_id", "rule_id", "object_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_runs_open",
        "automation_runs",
        ["tenant_id", "rule_id", "id"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("status IN ('running', 'waiting')"),
    )
    op.create_index(
        "ix_automation_runs_rule_id",
        "automation_runs",
        ["tenant_id", "rule_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_runs_status",
        "automation_runs",
        ["tenant_id", "rule_id", "status", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "ix_automation_runs_sweep",
        "automation_runs",
        ["finished_at"],
        unique=False,
        schema="crm",
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "uq_automation_runs_cause",
        "automation_runs",
        ["tenant_id", "rule_id", "cause_id"],
        unique=True,
        schema="crm",
    )
    op.create_table(
        "automation_versions",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("changed_by_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("trigger", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("object_type", sa.Text(), nullable=True),
        sa.Column("conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("actions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "rule_id"],
            ["crm.automation_rules.tenant_id", "crm.automation_rules.id"],
            name=op.f("fk_automation_versions_tenant_id_rule_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_automation_versions")),
        schema="crm",
    )
    op.isolate_tenants("automation_versions", schema="crm")
    op.create_index(
        "ix_automation_versions_rule_id",
        "automation_versions",
        ["tenant_id", "rule_id", "created_at", "id"],
        unique=False,
        schema="crm",
    )
    op.create_index(
        "uq_automation_versions_number",
        "automation_versions",
        ["tenant_id", "rule_id", "number"],
        unique=True,
        schema="crm",
    )
    op.create_table(
        "automation_steps",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("result", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("problem", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('done', 'failed', 'waiting', 'stopped')", name=op.f("ck_automation_steps_status")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "run_id"],
            ["crm.automation_runs.tenant_id", "crm.automation_runs.id"],
            name=op.f("fk_automation_steps_tenant_id_run_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "run_id", "position", name=op.f("pk_automation_steps")),
        schema="crm",
    )
    op.isolate_tenants("automation_steps", schema="crm")


def downgrade() -> None:
    op.drop_table("automation_steps", schema="crm")
    op.drop_index("uq_automation_versions_number", table_name="automation_versions", schema="crm")
    op.drop_index("ix_automation_versions_rule_id", table_name="automation_versions", schema="crm")
    op.drop_table("automation_versions", schema="crm")
    op.drop_index("uq_automation_runs_cause", table_name="automation_runs", schema="crm")
    op.drop_index(
        "ix_automation_runs_sweep",
        table_name="automation_runs",
        schema="crm",
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.drop_index("ix_automation_runs_status", table_name="automation_runs", schema="crm")
    op.drop_index("ix_automation_runs_rule_id", table_name="automation_runs", schema="crm")
    op.drop_index(
        "ix_automation_runs_open",
        table_name="automation_runs",
        schema="crm",
        postgresql_where=sa.text("status IN ('running', 'waiting')"),
    )
    op.drop_index("ix_automation_runs_object_id", table_name="automation_runs", schema="crm")
    op.drop_index(
        "ix_automation_runs_due_at",
        table_name="automation_runs",
        schema="crm",
        postgresql_where=sa.text("status IN ('running', 'waiting')"),
    )
    op.drop_index("ix_automation_runs_by_finished_at", table_name="automation_runs", schema="crm")
    op.drop_table("automation_runs", schema="crm")
    op.drop_index("ix_automation_rules_trigger_type", table_name="automation_rules", schema="crm")
    op.drop_index(
        "ix_automation_rules_search",
        table_name="automation_rules",
        schema="crm",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_automation_rules_owner_id", table_name="automation_rules", schema="crm")
    op.drop_index(
        "ix_automation_rules_next_run_at",
        table_name="automation_rules",
        schema="crm",
        postgresql_where=sa.text("enabled AND deleted_at IS NULL AND next_run_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_automation_rules_hearing",
        table_name="automation_rules",
        schema="crm",
        postgresql_where=sa.text("enabled AND deleted_at IS NULL AND event IS NOT NULL"),
    )
    op.drop_index("ix_automation_rules_event", table_name="automation_rules", schema="crm")
    op.drop_index("ix_automation_rules_enabled", table_name="automation_rules", schema="crm")
    op.drop_index("ix_automation_rules_created_at", table_name="automation_rules", schema="crm")
    op.drop_index("ix_automation_rules_by_updated_at", table_name="automation_rules", schema="crm")
    op.drop_index("ix_automation_rules_by_name", table_name="automation_rules", schema="crm")
    op.drop_table("automation_rules", schema="crm")
