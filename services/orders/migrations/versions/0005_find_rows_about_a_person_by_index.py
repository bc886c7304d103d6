"""Find rows about a person by index."""

import sqlalchemy as sa
from alembic import op

from libs.common.db.search import address_function

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# By account where rows have one, and by the key of an address.
_ACCOUNTS = (
    ("carts", "customer_user_id"),
    ("orders", "customer_user_id"),
)
_ADDRESSES = (
    ("carts", "email"),
    ("orders", "email"),
)


def upgrade() -> None:
    op.execute(address_function("orders"))
    for table, column in _ACCOUNTS:
        op.create_index_online(
            f"ix_{table}_person_{column}",
            table,
            [column],
            schema="orders",
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for table, column in _ADDRESSES:
        key = sa.literal_column(f"orders.address_key({column})")
        op.create_index_online(f"ix_{table}_address", table, [key], schema="orders")


def downgrade() -> None:
    for table, _ in _ADDRESSES:
        op.drop_index_online(f"ix_{table}_address", schema="orders")
    for table, column in _ACCOUNTS:
        op.drop_index_online(f"ix_{table}_person_{column}", schema="orders")
    op.execute("DROP FUNCTION orders.address_key(text)")
