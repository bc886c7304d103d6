"""Note who acts as another."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("acting_user_id", sa.Uuid(), nullable=True), schema="identity")
    op.add_column("sessions", sa.Column("acting_reason", sa.Text(), nullable=True), schema="identity")
    op.create_index_online(
        "ix_sessions_acting_user_id",
        "sessions",
        ["acting_user_id"],
        unique=False,
        schema="identity",
        postgresql_where=sa.text("acting_user_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_sessions_acting_user_id",
        table_name="sessions",
        schema="identity",
        postgresql_where=sa.text("acting_user_id IS NOT NULL"),
    )
    op.drop_column("sessions", "acting_reason", schema="identity")
    op.drop_column("sessions", "acting_user_id", schema="identity")
