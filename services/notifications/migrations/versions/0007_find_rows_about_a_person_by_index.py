"""Find rows about a person by index."""

import sqlalchemy as sa
from alembic import op

from libs.common.db.search import address_function

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# By account where rows have one, and by the key of an address.
_ACCOUNTS = (
    ("deliveries", "user_id"),
    ("notifications", "user_id"),
    ("order_contacts", "customer_user_id"),
    ("preferences", "user_id"),
)
_ADDRESSES = (
    ("deliveries", "recipient"),
    ("mailbox_messages", "recipient"),
    ("order_contacts", "email"),
    ("recipients", "email"),
)


def upgrade() -> None:
    op.execute(address_function("notifications"))
    for table, column in _ACCOUNTS:
        op.create_index_online(
            f"ix_{table}_person_{column}",
            table,
            [column],
            schema="notifications",
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for table, column in _ADDRESSES:
        key = sa.literal_column(f"notifications.address_key({column})")
        op.create_index_online(f"ix_{table}_address", table, [key], schema="notifications")


def downgrade() -> None:
    for table, _ in _ADDRESSES:
        op.drop_index_online(f"ix_{table}_address", schema="notifications")
    for table, column in _ACCOUNTS:
        op.drop_index_online(f"ix_{table}_person_{column}", schema="notifications")
    op.execute("DROP FUNCTION notifications.address_key(text)")
