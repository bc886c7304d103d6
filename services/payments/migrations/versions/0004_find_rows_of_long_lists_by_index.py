"""Find rows of long lists by index."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.make_search_functions("payments")
    op.create_index_online(
        "ix_credit_notes_search",
        "credit_notes",
        [
            sa.literal_column(
                "payments.search_grams(tenant_id, ARRAY[number, invoice_number, email, customer_name])"
            )
        ],
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_invoices_search",
        "invoices",
        [
            sa.literal_column(
                "payments.search_grams(tenant_id, ARRAY[number, email, customer_name, order_number])"
            )
        ],
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_ledger_accounts_by_code",
        "ledger_accounts",
        ["tenant_id", "code", "id"],
        schema="payments",
    )
    op.create_index_online(
        "ix_ledger_accounts_search",
        "ledger_accounts",
        [sa.literal_column("payments.search_grams(tenant_id, ARRAY[code, name])")],
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_payment_accounts_search",
        "payment_accounts",
        [sa.literal_column("payments.search_grams(tenant_id, ARRAY[name])")],
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.create_index_online(
        "ix_payments_by_amount_minor",
        "payments",
        ["tenant_id", "amount_minor", "id"],
        schema="payments",
    )
    op.create_index_online(
        "ix_payments_currency",
        "payments",
        ["tenant_id", "currency", "created_at", "id"],
        schema="payments",
    )
    op.create_index_online(
        "ix_payments_search",
        "payments",
        [sa.literal_column("payments.search_grams(tenant_id, ARRAY[order_number, email, customer_name])")],
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    # No figures about pieces of words are needed, and gathering them would cut up every text anew.
    for table in (
        "credit_notes",
        "invoices",
        "ledger_accounts",
        "payment_accounts",
        "payments",
    ):
        op.execute(f"ALTER INDEX payments.ix_{table}_search ALTER COLUMN 1 SET STATISTICS 0")


def downgrade() -> None:
    op.drop_index(
        "ix_payments_search",
        table_name="payments",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_payments_currency", table_name="payments", schema="payments")
    op.drop_index("ix_payments_by_amount_minor", table_name="payments", schema="payments")
    op.drop_index(
        "ix_payment_accounts_search",
        table_name="payment_accounts",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_ledger_accounts_search",
        table_name="ledger_accounts",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index("ix_ledger_accounts_by_code", table_name="ledger_accounts", schema="payments")
    op.drop_index(
        "ix_invoices_search",
        table_name="invoices",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
    op.drop_index(
        "ix_credit_notes_search",
        table_name="credit_notes",
        schema="payments",
        postgresql_using="gin",
        postgresql_with={"gin_pending_list_limit": "256"},
    )
