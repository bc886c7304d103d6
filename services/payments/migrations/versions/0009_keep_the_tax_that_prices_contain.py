"""Keep the tax that prices contain."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("invoices", "credit_notes")
_COLUMNS = ["tax_included_minor", "shipping_tax_included_minor"]

# What a final invoice says never changes, the tax that prices contain neither.
_FIXED = [
    "number",
    "order_id",
    "order_number",
    "currency",
    "lines",
    "subtotal_minor",
    "discount_minor",
    "shipping_minor",
    "tax_minor",
    "total_minor",
    "email",
    "customer_name",
    "customer_user_id",
    "billing_address",
    "seller",
    "notes",
    "due_on",
    "issued_at",
    "subscription_id",
    "subscription_period",
    "period_start",
    "period_end",
]


def _guard(columns: list[str]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"""
CREATE OR REPLACE FUNCTION payments.guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (
        TG_OP = 'DELETE' OR ROW({new}) IS DISTINCT FROM ROW({old}) OR NEW.status = 'draft'
    ) THEN
        RAISE EXCEPTION 'invoice % is final', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    for table in _TABLES:
        for column in _COLUMNS:
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True), schema="payments")
    op.execute(_guard(_FIXED + _COLUMNS))


def downgrade() -> None:
    op.execute(_guard(_FIXED))
    for table in _TABLES:
        for column in _COLUMNS:
            op.drop_column(table, column, schema="payments")
