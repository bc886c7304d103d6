"""Hand out and erase personal data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_ROW = (
    ("created_at", sa.DateTime(timezone=True), "now()"),
    ("updated_at", sa.DateTime(timezone=True), "now()"),
    ("version", sa.Integer(), "1"),
)


def _row() -> list[sa.Column]:
    return [
        sa.Column(name, kind, server_default=sa.text(default), nullable=False) for name, kind, default in _ROW
    ]


def upgrade() -> None:
    op.create_table(
        "privacy_requests",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        *_row(),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_privacy_requests")),
        schema="identity",
    )
    op.isolate_tenants("privacy_requests", schema="identity")
    for name, columns, where in (
        ("created_at", ["tenant_id", "created_at", "id"], None),
        ("kind", ["tenant_id", "kind", "created_at", "id"], None),
        ("status", ["tenant_id", "status", "created_at", "id"], None),
        ("due", ["next_try_at"], "status = 'pending'"),
        ("expires_at", ["expires_at"], "status = 'completed'"),
    ):
        op.create_index(
            f"ix_privacy_requests_{name}",
            "privacy_requests",
            columns,
            unique=False,
            schema="identity",
            postgresql_where=None if where is None else sa.text(where),
        )
    op.create_table(
        "privacy_receipts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("erased", sa.BigInteger(), nullable=False),
        sa.Column("pseudonymised", sa.BigInteger(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sealed_part", sa.Text(), nullable=True),
        *_row(),
        sa.ForeignKeyConstraint(
            ["tenant_id", "request_id"],
            ["identity.privacy_requests.tenant_id", "identity.privacy_requests.id"],
            name="fk_privacy_receipts_request_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_privacy_receipts")),
        schema="identity",
    )
    op.isolate_tenants("privacy_receipts", schema="identity")
    op.create_index(
        "uq_privacy_receipts_service",
        "privacy_receipts",
        ["tenant_id", "request_id", "service"],
        unique=True,
        schema="identity",
    )


def downgrade() -> None:
    op.drop_table("privacy_receipts", schema="identity")
    op.drop_table("privacy_requests", schema="identity")
