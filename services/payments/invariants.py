"""What must always hold in the payments schema, checked by `pillars verify`."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant


def _none(name: str, figure: str, counted: str, breaches: str) -> Invariant:
    """An invariant: `counted` gives the figure, `breaches` selects the ids of rows that must not exist."""
    count, found = (
        text(counted),
        text(f"SELECT id::text, count(*) OVER () FROM ({breaches}) AS found LIMIT 5"),
    )

    async def check(uow: UnitOfWork) -> Finding:
        total = await uow.session.scalar(count)
        rows = (await uow.session.execute(found)).all()
        return Finding(
            figure.format(int(total or 0)), rows[0][1] if rows else 0, tuple(row[0] for row in rows)
        )

    return Invariant(name, check)


INVARIANTS = (
    _none(
        "ledger sums to zero",
        "{} entries",
        "SELECT count(*) FROM payments.ledger_entries",
        "SELECT tenant_id::text || ' ' || currency AS id FROM payments.ledger_entries"
        " GROUP BY tenant_id, currency HAVING sum(amount_minor) <> 0",
    ),
    _none(
        "every ledger transaction balances",
        "{} transactions",
        "SELECT count(*) FROM payments.ledger_transactions",
        "SELECT t.id FROM payments.ledger_transactions t LEFT JOIN payments.ledger_entries e"
        " ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id GROUP BY t.tenant_id, t.id, e.currency"
        " HAVING coalesce(sum(e.amount_minor), 0) <> 0 OR count(e.position) < 2",
    ),
    _none(
        "every succeeded payment is posted once",
        "{} succeeded payments",
        "SELECT count(*) FROM payments.payments WHERE status = 'succeeded'",
        "SELECT p.id FROM payments.payments p LEFT JOIN payments.ledger_transactions t"
        " ON t.tenant_id = p.tenant_id AND t.kind = 'payment' AND t.reference = p.id::text"
        " WHERE (p.status = 'succeeded') <> (t.id IS NOT NULL)",
    ),
    _none(
        "no payment is refunded beyond its amount",
        "{} refunds",
        "SELECT count(*) FROM payments.refunds",
        "SELECT p.id FROM payments.payments p LEFT JOIN payments.refunds r"
        " ON r.tenant_id = p.tenant_id AND r.payment_id = p.id GROUP BY p.tenant_id, p.id"
        " HAVING p.refunded_minor <> coalesce(sum(r.amount_minor) FILTER (WHERE r.status = 'succeeded'), 0)"
        " OR coalesce(sum(r.amount_minor) FILTER (WHERE r.status <> 'failed'), 0) > p.amount_minor",
    ),
    _none(
        "invoices are posted and re-add",
        "{} final invoices",
        "SELECT count(*) FROM payments.invoices WHERE status <> 'draft'",
        "SELECT i.id FROM payments.invoices i LEFT JOIN payments.ledger_transactions t"
        " ON t.tenant_id = i.tenant_id AND t.kind = 'invoice' AND t.reference = i.id::text"
        " WHERE i.status <> 'draft' AND ((t.id IS NULL AND i.total_minor <> 0)"
        " OR i.total_minor <> i.subtotal_minor - i.discount_minor + i.shipping_minor + i.tax_minor"
        " OR i.paid_minor > i.total_minor OR i.credited_minor > i.total_minor"
        " OR i.subtotal_minor <> (SELECT coalesce(sum((l->>'unit_price')::bigint * (l->>'quantity')::bigint), 0)"
        " FROM jsonb_array_elements(i.lines) AS l))",
    ),
    _none(
        "an order has one invoice",
        "{} invoiced orders",
        "SELECT count(DISTINCT (tenant_id, order_id)) FROM payments.invoices"
        " WHERE order_id IS NOT NULL AND status <> 'void'",
        "SELECT order_id AS id FROM payments.invoices WHERE order_id IS NOT NULL AND status <> 'void'"
        " GROUP BY tenant_id, order_id HAVING count(*) > 1",
    ),
    _none(
        "document numbers have no gaps",
        "{} numbered documents",
        "SELECT (SELECT count(*) FROM payments.invoices WHERE number IS NOT NULL)"
        " + (SELECT count(*) FROM payments.credit_notes)",
        "SELECT c.tenant_id::text || ' ' || c.series AS id FROM payments.document_counters c LEFT JOIN ("
        " SELECT tenant_id, 'INV' AS series, count(*) AS n FROM payments.invoices"
        " WHERE number IS NOT NULL GROUP BY tenant_id"
        " UNION ALL SELECT tenant_id, 'CN', count(*) FROM payments.credit_notes GROUP BY tenant_id) d"
        " ON d.tenant_id = c.tenant_id AND d.series = c.series WHERE c.last <> coalesce(d.n, 0)",
    ),
    _none(
        "credit notes add up to what is credited",
        "{} credit notes",
        "SELECT count(*) FROM payments.credit_notes",
        "SELECT i.id FROM payments.invoices i LEFT JOIN payments.credit_notes c"
        " ON c.tenant_id = i.tenant_id AND c.invoice_id = i.id GROUP BY i.tenant_id, i.id"
        " HAVING i.credited_minor <> coalesce(sum(c.total_minor), 0)"
        " OR bool_or(c.total_minor <> c.goods_minor + c.shipping_minor + c.tax_minor)"
        # Notes of the release before say nothing of the tax that prices contain.
        " OR sum(c.tax_included_minor) > i.tax_included_minor OR i.credited_minor = i.total_minor"
        " AND (sum(c.tax_minor) <> i.tax_minor OR sum(c.shipping_minor) <> i.shipping_minor"
        " OR bool_and(c.tax_included_minor IS NOT NULL) AND sum(c.tax_included_minor) <> i.tax_included_minor)",
    ),
    _none(
        "revenue is posted without tax, and all tax as owed",
        "{} invoices and credit notes",
        "SELECT (SELECT count(*) FROM payments.invoices WHERE status <> 'draft')"
        " + (SELECT count(*) FROM payments.credit_notes)",
        "SELECT d.id FROM ("
        "SELECT tenant_id, id, 'invoice' AS kind, tax_minor + coalesce(tax_included_minor, 0) AS tax,"
        " subtotal_minor - discount_minor - coalesce(tax_included_minor - shipping_tax_included_minor, 0) AS goods,"
        " shipping_minor - coalesce(shipping_tax_included_minor, 0) AS shipping"
        " FROM payments.invoices WHERE status <> 'draft'"
        " UNION ALL SELECT tenant_id, id, 'credit_note', -tax_minor - coalesce(tax_included_minor, 0),"
        " -goods_minor + coalesce(tax_included_minor - shipping_tax_included_minor, 0),"
        " -shipping_minor + coalesce(shipping_tax_included_minor, 0) FROM payments.credit_notes) d"
        " LEFT JOIN (SELECT t.tenant_id, t.kind, t.reference,"
        " -sum(e.amount_minor) FILTER (WHERE a.code = 'tax:payable') AS tax,"
        " -sum(e.amount_minor) FILTER (WHERE a.code IN ('revenue', 'revenue:refunds')) AS goods,"
        " -sum(e.amount_minor) FILTER (WHERE a.code = 'revenue:shipping') AS shipping"
        " FROM payments.ledger_transactions t"
        " JOIN payments.ledger_entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id"
        " JOIN payments.ledger_accounts a ON a.tenant_id = e.tenant_id AND a.id = e.account_id"
        " WHERE t.kind IN ('invoice', 'credit_note') GROUP BY 1, 2, 3) l"
        " ON l.tenant_id = d.tenant_id AND l.kind = d.kind AND l.reference = d.id::text"
        " WHERE (d.tax, d.goods, d.shipping)"
        " <> (coalesce(l.tax, 0), coalesce(l.goods, 0), coalesce(l.shipping, 0))",
    ),
    _none(
        "a period of a subscription has one invoice",
        "{} periods billed",
        "SELECT coalesce(sum(period), 0) FROM payments.subscriptions",
        "SELECT s.id FROM payments.subscriptions s LEFT JOIN payments.invoices i"
        " ON i.tenant_id = s.tenant_id AND i.subscription_id = s.id AND i.subscription_period IS NOT NULL"
        " GROUP BY s.tenant_id, s.id, s.period HAVING count(i.id) <> s.period"
        " OR count(DISTINCT i.subscription_period) <> s.period OR coalesce(max(i.subscription_period), 0) <> s.period",
    ),
    _none(
        "no subscription is left behind",
        "{} subscriptions that are billed",
        "SELECT count(*) FROM payments.subscriptions WHERE status IN ('active', 'past_due')",
        # A standstill of a day is for people to look at; what the sweep has not reached yet is not, nor what rests with
        # a business that may not trade, or has come to life again just now.
        "SELECT s.id FROM payments.subscriptions s LEFT JOIN payments.merchants m ON m.tenant_id = s.tenant_id"
        " WHERE s.deleted_at IS NULL AND NOT coalesce(m.is_stopped, false)"
        " AND coalesce(m.stopped_or_not_at < now() - interval '1 day', true) AND (status IN ('active', 'past_due')"
        " AND (current_period_end IS NULL OR due_at IS NULL OR current_period_end < now() - interval '1 day')"
        " OR status = 'trialing' AND trial_ends_at < now() - interval '1 day'"
        " OR status = 'scheduled' AND starts_at < now() - interval '1 day')",
    ),
    _none(
        "parts of periods are exact",
        "{} parts of periods",
        "SELECT count(*) FROM payments.subscription_adjustments",
        "SELECT id FROM payments.subscription_adjustments WHERE remainder < 0 OR remainder >= period_seconds"
        " OR (kind = 'charge') <> (amount_minor > 0) AND amount_minor <> 0"
        " OR abs(amount_minor)::numeric * period_seconds + remainder <> price_minor::numeric * rest_seconds",
    ),
    _none(
        "invoices of subscriptions say what was added to them",
        "{} invoices of subscriptions",
        "SELECT count(*) FROM payments.invoices WHERE subscription_id IS NOT NULL",
        # What is below zero is carried: it stands on no invoice until the next one.
        "SELECT s.id FROM (SELECT i.tenant_id, i.subscription_id, i.id, i.subtotal_minor,"
        " CASE WHEN i.subscription_period IS NULL THEN 0"
        " ELSE (i.lines->0->>'unit_price')::bigint * (i.lines->0->>'quantity')::bigint END"
        " + (SELECT coalesce(sum(a.amount_minor), 0) FROM payments.subscription_adjustments a"
        " WHERE a.tenant_id = i.tenant_id AND a.invoice_id = i.id) AS net"
        " FROM payments.invoices i WHERE i.subscription_id IS NOT NULL) AS i"
        " JOIN payments.subscriptions s ON s.tenant_id = i.tenant_id AND s.id = i.subscription_id"
        " GROUP BY s.tenant_id, s.id HAVING bool_or(i.subtotal_minor <> greatest(i.net, 0))"
        " OR sum(greatest(-i.net, 0)) <> -(SELECT coalesce(sum(c.amount_minor), 0)"
        " FROM payments.subscription_adjustments c WHERE c.tenant_id = s.tenant_id AND c.subscription_id = s.id"
        " AND c.kind = 'carried')",
    ),
)
