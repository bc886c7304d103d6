"""Note how people signed in, and when they last showed who they are."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sessions",
        sa.Column("amr", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="identity",
    )
    op.add_column(
        "sessions",
        sa.Column("authenticated_at", sa.DateTime(timezone=True), nullable=True),
        schema="identity",
    )


def downgrade() -> None:
    op.drop_column("sessions", "authenticated_at", schema="identity")
    op.drop_column("sessions", "amr", schema="identity")
