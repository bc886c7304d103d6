"""Tell leads that are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead_facts", sa.Column("status", sa.Text(), nullable=True), schema="analytics")
    op.add_column(
        "lead_facts",
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("'epoch'"), nullable=False),
        schema="analytics",
    )
    op.create_index_online(
        "ix_lead_facts_created_at",
        "lead_facts",
        ["tenant_id", "created_at"],
        unique=False,
        schema="analytics",
    )


def downgrade() -> None:
    op.drop_index("ix_lead_facts_created_at", table_name="lead_facts", schema="analytics")
    op.drop_column("lead_facts", "seen_at", schema="analytics")
    op.drop_column("lead_facts", "status", schema="analytics")
