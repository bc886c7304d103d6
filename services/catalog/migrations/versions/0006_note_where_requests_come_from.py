"""Note where requests come from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("origin", sa.Text(), nullable=True), schema="catalog")


def downgrade() -> None:
    op.drop_column("outbox", "origin", schema="catalog")
