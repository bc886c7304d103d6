"""Index what the sweeps look for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index_online(
        "ix_dead_letters_resolved_at",
        "dead_letters",
        ["resolved_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )
    op.create_index_online(
        "ix_jobs_dead_at",
        "jobs",
        ["dead_at"],
        unique=False,
        schema="payments",
        postgresql_where=sa.text("dead_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_jobs_dead_at",
        table_name="jobs",
        schema="payments",
        postgresql_where=sa.text("dead_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_dead_letters_resolved_at",
        table_name="dead_letters",
        schema="payments",
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )
