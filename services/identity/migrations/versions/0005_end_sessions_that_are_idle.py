"""End sessions that are idle."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("idle_seconds", sa.Integer(), nullable=True), schema="identity")


def downgrade() -> None:
    op.drop_column("sessions", "idle_seconds", schema="identity")
