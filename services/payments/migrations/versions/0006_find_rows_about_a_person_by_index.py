"""Find rows about a person by index."""

import sqlalchemy as sa
from alembic import op

from libs.common.db.search import address_function

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# By account where rows have one, and by the key of an address.
_ACCOUNTS = (
    ("credit_notes", "customer_user_id"),
    ("invoices", "customer_user_id"),
    ("payments", "customer_user_id"),
)
_ADDRESSES = (
    ("credit_notes", "email"),
    ("invoices", "email"),
    ("payments", "email"),
)


def upgrade() -> None:
    op.execute(address_function("payments"))
    for table, column in _ACCOUNTS:
        op.create_index_online(
            f"ix_{table}_person_{column}",
            table,
            [column],
            schema="payments",
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for table, column in _ADDRESSES:
        key = sa.literal_column(f"payments.address_key({column})")
        op.create_index_online(f"ix_{table}_address", table, [key], schema="payments")


def downgrade() -> None:
    for table, _ in _ADDRESSES:
        op.drop_index_online(f"ix_{table}_address", schema="payments")
    for table, column in _ACCOUNTS:
        op.drop_index_online(f"ix_{table}_person_{column}", schema="payments")
    op.execute("DROP FUNCTION payments.address_key(text)")
