"""Keep providers of outside accounts, and the accounts linked to people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


_PLATFORM = "current_setting('app.scope', true) = 'platform'"
# Of people, who belong to no business: read and written by flows that span tenants.
_PLATFORM_ONLY = ("oidc_flows", "oidc_codes", "oidc_links")


def upgrade() -> None:
    op.create_table(
        "oidc_flows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("provider_tenant_id", sa.Uuid(), nullable=True),
        sa.Column("nonce_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_verifier", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("return_to", sa.Text(), nullable=True),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("is_remembered", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oidc_flows")),
        schema="identity",
    )
    op.create_index("uq_oidc_flows_state_hash", "oidc_flows", ["state_hash"], unique=True, schema="identity")
    op.create_index("ix_oidc_flows_expires_at", "oidc_flows", ["expires_at"], unique=False, schema="identity")
    op.create_table(
        "oidc_providers",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("discovery_url", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=True),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("directories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_oidc_providers")),
        schema="identity",
    )
    op.isolate_tenants("oidc_providers", schema="identity")
    op.create_index(
        "ix_oidc_providers_by_name",
        "oidc_providers",
        ["tenant_id", "name", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_oidc_providers_created_at",
        "oidc_providers",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_oidc_providers_is_active",
        "oidc_providers",
        ["tenant_id", "is_active", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_oidc_providers_kind",
        "oidc_providers",
        ["tenant_id", "kind", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_oidc_providers_search",
        "oidc_providers",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[name, code])")],
        unique=False,
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index(
        "uq_oidc_providers_code",
        "oidc_providers",
        ["tenant_id", "code"],
        unique=True,
        schema="identity",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "oidc_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=True),
        sa.Column("is_remembered", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["identity.users.id"], name=op.f("fk_oidc_codes_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_oidc_codes")),
        schema="identity",
    )
    op.create_index("ix_oidc_codes_expires_at", "oidc_codes", ["expires_at"], unique=False, schema="identity")
    op.create_table(
        "oidc_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("provider_code", sa.Text(), nullable=False),
        sa.Column("provider_tenant_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_claim", sa.Boolean(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_oidc_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oidc_links")),
        schema="identity",
    )
    op.create_index(
        "ix_oidc_links_user_id",
        "oidc_links",
        ["user_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "uq_oidc_links_subject", "oidc_links", ["issuer", "subject"], unique=True, schema="identity"
    )
    for table in _PLATFORM_ONLY:
        op.execute(f"ALTER TABLE identity.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE identity.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY platform_only ON identity.{table} USING ({_PLATFORM})")


def downgrade() -> None:
    op.drop_index("uq_oidc_links_subject", table_name="oidc_links", schema="identity")
    op.drop_index("ix_oidc_links_user_id", table_name="oidc_links", schema="identity")
    op.drop_table("oidc_links", schema="identity")
    op.drop_index("ix_oidc_codes_expires_at", table_name="oidc_codes", schema="identity")
    op.drop_table("oidc_codes", schema="identity")
    op.drop_index(
        "uq_oidc_providers_code",
        table_name="oidc_providers",
        schema="identity",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_oidc_providers_search",
        table_name="oidc_providers",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_oidc_providers_kind", table_name="oidc_providers", schema="identity")
    op.drop_index("ix_oidc_providers_is_active", table_name="oidc_providers", schema="identity")
    op.drop_index("ix_oidc_providers_created_at", table_name="oidc_providers", schema="identity")
    op.drop_index("ix_oidc_providers_by_name", table_name="oidc_providers", schema="identity")
    op.drop_table("oidc_providers", schema="identity")
    op.drop_index("uq_oidc_flows_state_hash", table_name="oidc_flows", schema="identity")
    op.drop_index("ix_oidc_flows_expires_at", table_name="oidc_flows", schema="identity")
    op.drop_table("oidc_flows", schema="identity")
