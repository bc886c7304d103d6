"""Let staff into businesses for a time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_grants",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("permissions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("granted_by_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["identity.users.id"], name=op.f("fk_staff_grants_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_staff_grants")),
        schema="identity",
    )
    op.isolate_tenants("staff_grants", schema="identity")
    op.create_index(
        "ix_staff_grants_created_at",
        "staff_grants",
        ["tenant_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )
    op.create_index(
        "ix_staff_grants_live",
        "staff_grants",
        ["user_id", "tenant_id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_staff_grants_user_id",
        "staff_grants",
        ["tenant_id", "user_id", "created_at", "id"],
        unique=False,
        schema="identity",
    )


def downgrade() -> None:
    op.drop_index("ix_staff_grants_user_id", table_name="staff_grants", schema="identity")
    op.drop_index(
        "ix_staff_grants_live",
        table_name="staff_grants",
        schema="identity",
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.drop_index("ix_staff_grants_created_at", table_name="staff_grants", schema="identity")
    op.drop_table("staff_grants", schema="identity")
