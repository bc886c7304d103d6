"""Review registrations by rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provisioning_steps",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_provisioning_steps")),
        schema="identity",
    )
    op.isolate_tenants("provisioning_steps", schema="identity")
    op.create_index(
        "ix_provisioning_steps_due",
        "provisioning_steps",
        ["next_attempt_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_provisioning_steps_failed",
        "provisioning_steps",
        ["state"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.create_index(
        "uq_provisioning_steps_name",
        "provisioning_steps",
        ["tenant_id", "registration_id", "name"],
        unique=True,
        schema="identity",
    )
    op.create_table(
        "registration_checks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("check_name", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registration_checks")),
        schema="identity",
    )
    op.isolate_tenants("registration_checks", schema="identity")
    op.create_index(
        "ix_registration_checks_registration_id",
        "registration_checks",
        ["tenant_id", "registration_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "registration_documents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("requirement", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("uploaded_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registration_documents")),
        schema="identity",
    )
    op.isolate_tenants("registration_documents", schema="identity")
    op.create_index(
        "ix_registration_documents_created_at",
        "registration_documents",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_documents_registration_id",
        "registration_documents",
        ["tenant_id", "registration_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_documents_requirement",
        "registration_documents",
        ["tenant_id", "requirement", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "registration_requirements",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registration_requirements")),
        schema="identity",
    )
    op.isolate_tenants("registration_requirements", schema="identity")
    op.create_index(
        "ix_registration_requirements_code",
        "registration_requirements",
        ["tenant_id", "code", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_requirements_country",
        "registration_requirements",
        ["tenant_id", "country", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_requirements_created_at",
        "registration_requirements",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_requirements_kind",
        "registration_requirements",
        ["tenant_id", "kind", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_requirements_product",
        "registration_requirements",
        ["tenant_id", "product", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "uq_registration_requirements_place",
        "registration_requirements",
        [
            "tenant_id",
            "code",
            sa.literal_column("coalesce(product, '')"),
            sa.literal_column("coalesce(country, '')"),
        ],
        unique=True,
        schema="identity",
    )
    op.create_table(
        "registration_rules",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("from_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("approvals", sa.BigInteger(), nullable=False),
        sa.Column("deal_counts", sa.Text(), nullable=False),
        sa.Column("review_seconds", sa.BigInteger(), nullable=True),
        sa.Column("applicant_seconds", sa.BigInteger(), nullable=True),
        sa.Column("repeat_seconds", sa.BigInteger(), nullable=True),
        sa.Column("escalate_to_id", sa.Uuid(), nullable=True),
        sa.Column("escalate_role", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registration_rules")),
        schema="identity",
    )
    op.isolate_tenants("registration_rules", schema="identity")
    op.create_index(
        "ix_registration_rules_country",
        "registration_rules",
        ["tenant_id", "country", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_rules_created_at",
        "registration_rules",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_rules_product",
        "registration_rules",
        ["tenant_id", "product", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "registration_timeline",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("on_behalf_of_id", sa.Uuid(), nullable=True),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registration_timeline")),
        schema="identity",
    )
    op.isolate_tenants("registration_timeline", schema="identity")
    op.create_index(
        "ix_registration_timeline_created_at",
        "registration_timeline",
        ["tenant_id", "registration_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_registration_timeline_kind",
        "registration_timeline",
        ["tenant_id", "registration_id", "kind", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "registration_votes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("voter_id", sa.Uuid(), nullable=False),
        sa.Column("right_of_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_registration_votes")),
        schema="identity",
    )
    op.isolate_tenants("registration_votes", schema="identity")
    op.create_index(
        "uq_registration_votes_deal",
        "registration_votes",
        ["tenant_id", "registration_id", "round"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("via = 'deal'"),
    )
    op.create_index(
        "uq_registration_votes_right",
        "registration_votes",
        ["tenant_id", "registration_id", "round", "right_of_id"],
        unique=True,
        schema="identity",
    )
    op.create_index(
        "uq_registration_votes_voter",
        "registration_votes",
        ["tenant_id", "registration_id", "round", "voter_id"],
        unique=True,
        schema="identity",
    )
    op.create_table(
        "review_delegations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_user_id", sa.Uuid(), nullable=False),
        sa.Column("to_user_id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_review_delegations")),
        schema="identity",
    )
    op.isolate_tenants("review_delegations", schema="identity")
    op.create_index(
        "ix_review_delegations_created_at",
        "review_delegations",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_review_delegations_from_user_id",
        "review_delegations",
        ["tenant_id", "from_user_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_review_delegations_to_user_id",
        "review_delegations",
        ["tenant_id", "to_user_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.add_column(
        "registrations",
        sa.Column(
            "business_country",
            sa.Text(),
            sa.Computed("business ->> 'country'", persisted=True),
            nullable=True,
        ),
        schema="identity",
    )
    op.add_column("registrations", sa.Column("decided_via", sa.Text(), nullable=True), schema="identity")
    op.add_column(
        "registrations", sa.Column("approvals_needed", sa.BigInteger(), nullable=True), schema="identity"
    )
    op.add_column(
        "registrations",
        sa.Column("round", sa.BigInteger(), server_default="1", nullable=False),
        schema="identity",
    )
    op.add_column(
        "registrations", sa.Column("declared_minor", sa.BigInteger(), nullable=True), schema="identity"
    )
    op.add_column(
        "registrations", sa.Column("declared_currency", sa.Text(), nullable=True), schema="identity"
    )
    op.add_column("registrations", sa.Column("deal_minor", sa.BigInteger(), nullable=True), schema="identity")
    op.add_column("registrations", sa.Column("deal_currency", sa.Text(), nullable=True), schema="identity")
    op.add_column(
        "registrations",
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        schema="identity",
    )
    op.add_column(
        "registrations",
        sa.Column("asked_for", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        schema="identity",
    )
    op.add_column(
        "registrations",
        sa.Column("waived", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False),
        schema="identity",
    )
    op.add_column("registrations", sa.Column("assignee_id", sa.Uuid(), nullable=True), schema="identity")
    op.add_column("registrations", sa.Column("assignee_role", sa.Text(), nullable=True), schema="identity")
    op.add_column(
        "registrations", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True), schema="identity"
    )
    op.add_column(
        "registrations",
        sa.Column("escalate_at", sa.DateTime(timezone=True), nullable=True),
        schema="identity",
    )
    op.add_column(
        "registrations",
        sa.Column("escalations", sa.BigInteger(), server_default="0", nullable=False),
        schema="identity",
    )
    op.add_column(
        "registrations",
        sa.Column("link_serial", sa.BigInteger(), server_default="1", nullable=False),
        schema="identity",
    )
    op.add_column(
        "registrations",
        sa.Column("link_expires_at", sa.DateTime(timezone=True), nullable=True),
        schema="identity",
    )
    op.create_index_online(
        "ix_registrations_assignee_id",
        "registrations",
        ["assignee_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index_online(
        "ix_registrations_assignee_role",
        "registrations",
        ["assignee_role", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index_online(
        "ix_registrations_business_country",
        "registrations",
        ["business_country", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index_online(
        "ix_registrations_due_at", "registrations", ["due_at", "id"], unique=False, schema="identity"
    )
    op.create_index_online(
        "ix_registrations_escalate_at",
        "registrations",
        ["escalate_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("escalate_at IS NOT NULL"),
    )
    op.create_index_online(
        "ix_tenants_registration_number",
        "tenants",
        ["registration_number"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("registration_number IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_tenants_registration_number",
        table_name="tenants",
        schema="identity",
        postgresql_where=sa.text("registration_number IS NOT NULL"),
    )
    op.drop_index(
        "ix_registrations_escalate_at",
        table_name="registrations",
        schema="identity",
        postgresql_where=sa.text("escalate_at IS NOT NULL"),
    )
    op.drop_index("ix_registrations_due_at", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_business_country", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_assignee_role", table_name="registrations", schema="identity")
    op.drop_index("ix_registrations_assignee_id", table_name="registrations", schema="identity")
    op.drop_column("registrations", "link_expires_at", schema="identity")
    op.drop_column("registrations", "link_serial", schema="identity")
    op.drop_column("registrations", "escalations", schema="identity")
    op.drop_column("registrations", "escalate_at", schema="identity")
    op.drop_column("registrations", "due_at", schema="identity")
    op.drop_column("registrations", "assignee_role", schema="identity")
    op.drop_column("registrations", "assignee_id", schema="identity")
    op.drop_column("registrations", "waived", schema="identity")
    op.drop_column("registrations", "asked_for", schema="identity")
    op.drop_column("registrations", "answers", schema="identity")
    op.drop_column("registrations", "deal_currency", schema="identity")
    op.drop_column("registrations", "deal_minor", schema="identity")
    op.drop_column("registrations", "declared_currency", schema="identity")
    op.drop_column("registrations", "declared_minor", schema="identity")
    op.drop_column("registrations", "round", schema="identity")
    op.drop_column("registrations", "approvals_needed", schema="identity")
    op.drop_column("registrations", "decided_via", schema="identity")
    op.drop_column("registrations", "business_country", schema="identity")
    op.drop_index("ix_review_delegations_to_user_id", table_name="review_delegations", schema="identity")
    op.drop_index("ix_review_delegations_from_user_id", table_name="review_delegations", schema="identity")
    op.drop_index("ix_review_delegations_created_at", table_name="review_delegations", schema="identity")
    op.drop_table("review_delegations", schema="identity")
    op.drop_index("uq_registration_votes_voter", table_name="registration_votes", schema="identity")
    op.drop_index("uq_registration_votes_right", table_name="registration_votes", schema="identity")
    op.drop_index(
        "uq_registration_votes_deal",
        table_name="registration_votes",
        schema="identity",
        postgresql_where=sa.text("via = 'deal'"),
    )
    op.drop_table("registration_votes", schema="identity")
    op.drop_index("ix_registration_timeline_kind", table_name="registration_timeline", schema="identity")
    op.drop_index(
        "ix_registration_timeline_created_at", table_name="registration_timeline", schema="identity"
    )
    op.drop_table("registration_timeline", schema="identity")
    op.drop_index("ix_registration_rules_product", table_name="registration_rules", schema="identity")
    op.drop_index("ix_registration_rules_created_at", table_name="registration_rules", schema="identity")
    op.drop_index("ix_registration_rules_country", table_name="registration_rules", schema="identity")
    op.drop_table("registration_rules", schema="identity")
    op.drop_index(
        "uq_registration_requirements_place", table_name="registration_requirements", schema="identity"
    )
    op.drop_index(
        "ix_registration_requirements_product", table_name="registration_requirements", schema="identity"
    )
    op.drop_index(
        "ix_registration_requirements_kind", table_name="registration_requirements", schema="identity"
    )
    op.drop_index(
        "ix_registration_requirements_created_at", table_name="registration_requirements", schema="identity"
    )
    op.drop_index(
        "ix_registration_requirements_country", table_name="registration_requirements", schema="identity"
    )
    op.drop_index(
        "ix_registration_requirements_code", table_name="registration_requirements", schema="identity"
    )
    op.drop_table("registration_requirements", schema="identity")
    op.drop_index(
        "ix_registration_documents_requirement", table_name="registration_documents", schema="identity"
    )
    op.drop_index(
        "ix_registration_documents_registration_id", table_name="registration_documents", schema="identity"
    )
    op.drop_index(
        "ix_registration_documents_created_at", table_name="registration_documents", schema="identity"
    )
    op.drop_table("registration_documents", schema="identity")
    op.drop_index(
        "ix_registration_checks_registration_id", table_name="registration_checks", schema="identity"
    )
    op.drop_table("registration_checks", schema="identity")
    op.drop_index("uq_provisioning_steps_name", table_name="provisioning_steps", schema="identity")
    op.drop_index(
        "ix_provisioning_steps_failed",
        table_name="provisioning_steps",
        schema="identity",
        postgresql_where=sa.text("state = 'failed'"),
    )
    op.drop_index(
        "ix_provisioning_steps_due",
        table_name="provisioning_steps",
        schema="identity",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.drop_table("provisioning_steps", schema="identity")
