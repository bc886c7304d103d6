"""Find rows about a person by index."""

import sqlalchemy as sa
from alembic import op

from libs.common.db.search import address_function

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# By the key of an address.
_ADDRESSES = (("order_facts", "customer"),)


def upgrade() -> None:
    op.execute(address_function("analytics"))
    for table, column in _ADDRESSES:
        key = sa.literal_column(f"analytics.address_key({column})")
        op.create_index_online(f"ix_{table}_address", table, [key], schema="analytics")


def downgrade() -> None:
    for table, _ in _ADDRESSES:
        op.drop_index_online(f"ix_{table}_address", schema="analytics")
    op.execute("DROP FUNCTION analytics.address_key(text)")
