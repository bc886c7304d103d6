"""Guard what is final: the ledger, final invoices, credit notes."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSE = """
CREATE FUNCTION payments.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""

# The scope is set for the function alone: at the commit the session may be in another tenant's.
_BALANCE = """
CREATE FUNCTION payments.check_balance() RETURNS trigger LANGUAGE plpgsql SET app.scope = 'platform' AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM payments.ledger_entries
        WHERE tenant_id = NEW.tenant_id AND transaction_id = NEW.transaction_id
        GROUP BY currency HAVING sum(amount_minor) <> 0
    ) THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.transaction_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""

_INVOICE = """
CREATE FUNCTION payments.guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' AND (TG_OP = 'DELETE' OR ROW(
        NEW.number, NEW.order_id, NEW.order_number, NEW.currency, NEW.lines, NEW.subtotal_minor, NEW.discount_minor,
        NEW.shipping_minor, NEW.tax_minor, NEW.total_minor, NEW.email, NEW.customer_name, NEW.customer_user_id,
        NEW.billing_address, NEW.seller, NEW.notes, NEW.due_on, NEW.issued_at
    ) IS DISTINCT FROM ROW(
        OLD.number, OLD.order_id, OLD.order_number, OLD.currency, OLD.lines, OLD.subtotal_minor, OLD.discount_minor,
        OLD.shipping_minor, OLD.tax_minor, OLD.total_minor, OLD.email, OLD.customer_name, OLD.customer_user_id,
        OLD.billing_address, OLD.seller, OLD.notes, OLD.due_on, OLD.issued_at
    ) OR NEW.status = 'draft') THEN
        RAISE EXCEPTION 'invoice % is final', OLD.number USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Make the functions and their triggers."""
    op.execute(_REFUSE)
    op.execute(_BALANCE)
    op.execute(_INVOICE)
    for table in ("ledger_transactions", "ledger_entries", "credit_notes"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON payments.{table}"
            " FOR EACH ROW EXECUTE FUNCTION payments.refuse_change()"
        )
    op.execute(
        "CREATE CONSTRAINT TRIGGER balance AFTER INSERT ON payments.ledger_entries"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payments.check_balance()"
    )
    op.execute(
        "CREATE TRIGGER guard_final BEFORE UPDATE OR DELETE ON payments.invoices"
        " FOR EACH ROW EXECUTE FUNCTION payments.guard_invoice()"
    )


def downgrade() -> None:
    """Remove the triggers and their functions."""
    op.execute("DROP TRIGGER guard_final ON payments.invoices")
    op.execute("DROP TRIGGER balance ON payments.ledger_entries")
    for table in ("credit_notes", "ledger_entries", "ledger_transactions"):
        op.execute(f"DROP TRIGGER append_only ON payments.{table}")
    for function in ("guard_invoice", "check_balance", "refuse_change"):
        op.execute(f"DROP FUNCTION payments.{function}()")
