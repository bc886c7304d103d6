"""Keep API keys and personal tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=True),
        sa.Column("previous_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_api_keys_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_api_keys")),
        schema="identity",
    )
    op.isolate_tenants("api_keys", schema="identity")
    op.create_index(
        "ix_api_keys_by_name", "api_keys", ["tenant_id", "name", "id"], unique=False, schema="identity"
    )
    op.create_index(
        "ix_api_keys_created_at",
        "api_keys",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_api_keys_prefix",
        "api_keys",
        ["tenant_id", "prefix", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_api_keys_previous_hash",
        "api_keys",
        ["previous_hash"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("previous_hash IS NOT NULL"),
    )
    op.create_index(
        "ix_api_keys_search",
        "api_keys",
        [sa.literal_column("identity.search_grams(tenant_id, ARRAY[name, prefix])")],
        unique=False,
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index("ix_api_keys_token_hash", "api_keys", ["token_hash"], unique=False, schema="identity")
    op.create_index(
        "ix_api_keys_user_id",
        "api_keys",
        ["user_id", "created_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_api_keys_user_id",
        table_name="api_keys",
        schema="identity",
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index("ix_api_keys_token_hash", table_name="api_keys", schema="identity")
    op.drop_index(
        "ix_api_keys_search",
        table_name="api_keys",
        schema="identity",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_api_keys_previous_hash",
        table_name="api_keys",
        schema="identity",
        postgresql_where=sa.text("previous_hash IS NOT NULL"),
    )
    op.drop_index("ix_api_keys_prefix", table_name="api_keys", schema="identity")
    op.drop_index("ix_api_keys_created_at", table_name="api_keys", schema="identity")
    op.drop_index("ix_api_keys_by_name", table_name="api_keys", schema="identity")
    op.drop_table("api_keys", schema="identity")
