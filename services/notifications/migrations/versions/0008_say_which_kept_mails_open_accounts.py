"""Say which kept mails open accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "mailbox_messages",
        sa.Column("has_link", sa.Boolean(), server_default=sa.false(), nullable=False),
        schema="notifications",
    )


def downgrade() -> None:
    op.drop_column("mailbox_messages", "has_link", schema="notifications")
