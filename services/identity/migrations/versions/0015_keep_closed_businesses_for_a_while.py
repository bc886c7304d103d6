"""Keep closed businesses for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("closed_at", "kept_until", "erasure_due_at"):
        op.add_column(
            "tenants", sa.Column(column, sa.DateTime(timezone=True), nullable=True), schema="identity"
        )
    op.create_index_online(
        "ix_tenants_kept_until",
        "tenants",
        ["kept_until"],
        schema="identity",
        postgresql_where=sa.text("status = 'closed' AND erasure_due_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_tenants_kept_until", table_name="tenants", schema="identity")
    for column in ("erasure_due_at", "kept_until", "closed_at"):
        op.drop_column("tenants", column, schema="identity")
