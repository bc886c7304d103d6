"""Know a body in any order."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "idempotency_keys", sa.Column("content_hash", sa.LargeBinary(), nullable=True), schema="payments"
    )


def downgrade() -> None:
    op.drop_column("idempotency_keys", "content_hash", schema="payments")
