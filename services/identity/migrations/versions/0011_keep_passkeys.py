"""Keep passkeys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


_PLATFORM = "current_setting('app.scope', true) = 'platform'"
# Of people, who belong to no business: read and written by flows that span tenants.
_PLATFORM_ONLY = ("passkeys", "passkey_challenges")


def upgrade() -> None:
    op.create_table(
        "passkey_challenges",
        sa.Column("challenge_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ceremony", sa.Text(), nullable=False),
        sa.Column("rp_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name_hash", sa.LargeBinary(), nullable=True),
        sa.Column("user_handle", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_passkey_challenges")),
        schema="identity",
    )
    op.create_index(
        "ix_passkey_challenges_expires_at",
        "passkey_challenges",
        ["expires_at"],
        unique=False,
        schema="identity",
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rp_id", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("user_handle", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("device_type", sa.Text(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("aaguid", sa.Text(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_passkeys_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        schema="identity",
    )
    op.create_index(
        "ix_passkeys_user_id", "passkeys", ["user_id", "created_at", "id"], unique=False, schema="identity"
    )
    op.create_index(
        "uq_passkeys_credential_id", "passkeys", ["credential_id"], unique=True, schema="identity"
    )
    for table in _PLATFORM_ONLY:
        op.execute(f"ALTER TABLE identity.{table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE identity.{table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY platform_only ON identity.{table} USING ({_PLATFORM})")


def downgrade() -> None:
    op.drop_index("uq_passkeys_credential_id", table_name="passkeys", schema="identity")
    op.drop_index("ix_passkeys_user_id", table_name="passkeys", schema="identity")
    op.drop_table("passkeys", schema="identity")
    op.drop_index("ix_passkey_challenges_expires_at", table_name="passkey_challenges", schema="identity")
    op.drop_table("passkey_challenges", schema="identity")
