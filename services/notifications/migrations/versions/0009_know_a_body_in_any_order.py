"""Know a body in any order."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "idempotency_keys", sa.Column("content_hash", sa.LargeBinary(), nullable=True), schema="notifications"
    )


def downgrade() -> None:
    op.drop_column("idempotency_keys", "content_hash", schema="notifications")
