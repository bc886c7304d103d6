"""Find rows about a person and entries by their callers, and erase by steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.db.search import address_function

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

# By account where rows have one, and by the key of an address.
_ACCOUNTS = (
    ("audit_log", "actor_id"),
    ("audit_log", "acted_as_id"),
)
_ADDRESSES = (
    ("registrations", "owner_email"),
    ("invitations", "email"),
    ("one_time_links", "email"),
)
# Entries by the client's address, and by what kind of caller acted.
_KINDS = ("user", "api_key", "guest", "system")
_ENTRIES = (
    ("address", "address IS NOT NULL", ["address"]),
    *((f"by_{kind}", f"split_part(actor, ':', 1) = '{kind}'", []) for kind in _KINDS),
)


def upgrade() -> None:
    op.add_column(
        "privacy_receipts",
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        schema="identity",
    )
    op.add_column("audit_chains", sa.Column("has_all", sa.Boolean(), nullable=True), schema="identity")
    op.add_column("privacy_receipts", sa.Column("place", JSONB(), nullable=True), schema="identity")
    op.execute(address_function("identity"))
    for table, column in _ACCOUNTS:
        op.create_index_online(
            f"ix_{table}_person_{column}",
            table,
            [column],
            schema="identity",
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    for table, column in _ADDRESSES:
        key = sa.literal_column(f"identity.address_key({column})")
        op.create_index_online(f"ix_{table}_address", table, [key], schema="identity")
    for name, condition, columns in _ENTRIES:
        op.create_index_online(
            f"ix_audit_log_{name}",
            "audit_log",
            ["tenant_id", *columns, "time", "id"],
            schema="identity",
            postgresql_where=sa.text(condition),
        )


def downgrade() -> None:
    for name, _, _ in _ENTRIES:
        op.drop_index_online(f"ix_audit_log_{name}", schema="identity")
    for table, _ in _ADDRESSES:
        op.drop_index_online(f"ix_{table}_address", schema="identity")
    for table, column in _ACCOUNTS:
        op.drop_index_online(f"ix_{table}_person_{column}", schema="identity")
    op.execute("DROP FUNCTION identity.address_key(text)")
    op.drop_column("audit_chains", "has_all", schema="identity")
    op.drop_column("privacy_receipts", "place", schema="identity")
    op.drop_column("privacy_receipts", "step", schema="identity")
