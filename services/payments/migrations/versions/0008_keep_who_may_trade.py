"""Keep who may trade."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "merchants",
        sa.Column("is_stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="payments",
    )
    op.add_column(
        "merchants",
        sa.Column("stopped_or_not_at", sa.DateTime(timezone=True), nullable=True),
        schema="payments",
    )


def downgrade() -> None:
    op.drop_column("merchants", "stopped_or_not_at", schema="payments")
    op.drop_column("merchants", "is_stopped", schema="payments")
