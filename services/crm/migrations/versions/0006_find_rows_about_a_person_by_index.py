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
    ("people", "user_id"),
    ("chat_messages", "author_id"),
    ("memos", "author_id"),
)
_ADDRESSES = (
    ("companies", "email"),
    ("contacts", "email"),
    ("leads", "email"),
    ("people", "email"),
)


def upgrade() -> None:
    op.execute(address_function("crm"))
    for table, column in _ACCOUNTS:
        op.create_index_online(
            f"ix_{table}_person_{column}",
            table,
            [column],
            schema="crm",
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for table, column in _ADDRESSES:
        key = sa.literal_column(f"crm.address_key({column})")
        op.create_index_online(f"ix_{table}_address", table, [key], schema="crm")


def downgrade() -> None:
    for table, _ in _ADDRESSES:
        op.drop_index_online(f"ix_{table}_address", schema="crm")
    for table, column in _ACCOUNTS:
        op.drop_index_online(f"ix_{table}_person_{column}", schema="crm")
    op.execute("DROP FUNCTION crm.address_key(text)")
