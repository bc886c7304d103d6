"""Erase closed businesses, and hand out by parts."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "privacy_parts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("receipt_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "receipt_id"],
            ["identity.privacy_receipts.tenant_id", "identity.privacy_receipts.id"],
            name="fk_privacy_parts_receipt_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_privacy_parts")),
        schema="identity",
    )
    op.isolate_tenants("privacy_parts", schema="identity")
    op.create_index(
        "uq_privacy_parts_step",
        "privacy_parts",
        ["tenant_id", "receipt_id", "step"],
        unique=True,
        schema="identity",
    )
    op.add_column(
        "privacy_receipts",
        sa.Column("rows", sa.BigInteger(), server_default="0", nullable=False),
        schema="identity",
    )
    op.create_index_online(
        "ix_privacy_requests_closing_due",
        "privacy_requests",
        ["next_try_at"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.add_column(
        "tenants", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True), schema="identity"
    )
    op.create_index_online(
        "ix_tenants_to_be_erased",
        "tenants",
        ["kept_until"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("status = 'closed' AND erased_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_tenants_to_be_erased",
        table_name="tenants",
        schema="identity",
        postgresql_where=sa.text("status = 'closed' AND erased_at IS NULL"),
    )
    op.drop_column("tenants", "erased_at", schema="identity")
    op.drop_index(
        "ix_privacy_requests_closing_due",
        table_name="privacy_requests",
        schema="identity",
        postgresql_where=sa.text("status = 'running'"),
    )
    op.drop_column("privacy_receipts", "rows", schema="identity")
    op.drop_index("uq_privacy_parts_step", table_name="privacy_parts", schema="identity")
    op.drop_table("privacy_parts", schema="identity")
