"""Order what is known of registration deals."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column = sa.Column("deal_at", sa.DateTime(timezone=True), nullable=True)
    op.add_column("registrations", column, schema="identity")


def downgrade() -> None:
    op.drop_column("registrations", "deal_at", schema="identity")
