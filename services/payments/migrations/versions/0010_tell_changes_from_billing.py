"""Tell changes of subscriptions from what billing makes of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = ["billed_version", "unbilled_version"]


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("subscriptions", sa.Column(column, sa.Integer(), nullable=True), schema="payments")


def downgrade() -> None:
    for column in _COLUMNS:
        op.drop_column("subscriptions", column, schema="payments")
