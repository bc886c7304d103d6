"""What must always hold of orders; `pillars verify` counts the breaches."""

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.runtime.verify import Finding, Invariant
from services.orders.orders.states import PAID_FOR

# As SQL writes a list of texts.
_PAID_FOR = str(tuple(sorted(status.value for status in PAID_FOR)))


def _rule(name: str, counted: str, breaches: str) -> Invariant:
    """An invariant of two queries: what was looked at (a count), and the breaches (one text column)."""

    async def check(uow: UnitOfWork) -> Finding:
        total = (await uow.session.execute(text(counted))).scalar_one()
        count = (await uow.session.execute(text(f"SELECT count(*) FROM ({breaches}) AS b"))).scalar_one()
        found = (await uow.session.execute(text(f"{breaches} LIMIT 5"))).scalars()
        return Finding(f"{total} looked at", count, tuple(map(str, found)))

    return Invariant(name, check)


_ORDERS = "SELECT count(*) FROM orders.orders"

INVARIANTS = (
    _rule(
        "the totals of every order re-add",
        _ORDERS,
        "SELECT o.id FROM orders.orders o LEFT JOIN LATERAL ("
        " SELECT sum(l.unit_amount * l.quantity) AS subtotal, sum(l.discount_amount) AS discount,"
        " sum(l.total_amount) AS total, sum(l.tax_amount) AS tax,"
        " sum(l.tax_included_amount) AS tax_included FROM orders.order_lines l"
        " WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id) s ON true"
        " WHERE o.total_amount <> o.subtotal_amount - o.discount_amount + o.shipping_amount + o.tax_amount"
        " OR s.subtotal IS DISTINCT FROM o.subtotal_amount OR s.discount IS DISTINCT FROM o.discount_amount"
        " OR s.total IS DISTINCT FROM o.subtotal_amount - o.discount_amount OR s.tax > o.tax_amount"
        " OR s.tax_included > o.tax_included_amount",
    ),
    _rule(
        "every placed order has a number and says until when its stock is held",
        "SELECT count(*) FROM orders.orders WHERE status = 'placed'",
        "SELECT id FROM orders.orders WHERE status <> 'draft' AND number IS NULL AND placed_at IS NOT NULL"
        " OR status = 'placed' AND reserved_until IS NULL",
    ),
    _rule(
        "every paid order has one payment unless its total is zero, and became paid once on its timeline",
        f"SELECT count(*) FROM orders.orders WHERE status IN {_PAID_FOR}",
        f"SELECT o.id FROM orders.orders o WHERE o.status IN {_PAID_FOR} AND ("
        " o.payment_id IS NULL AND o.total_amount <> 0 OR o.payment_id::text <> ALL (ARRAY(SELECT e.reference FROM orders.timeline_entries e"
        " WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.status = 'paid'))"
        " OR 1 <> (SELECT count(*) FROM orders.timeline_entries e"
        " WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.status = 'paid'))",
    ),
    _rule(
        "order numbers have no gaps",
        "SELECT count(*) FROM orders.document_numbers WHERE series = 'order'",
        "SELECT d.tenant_id FROM orders.document_numbers d WHERE d.series = 'order' AND d.last_value <>"
        " (SELECT count(*) FROM orders.orders o WHERE o.tenant_id = d.tenant_id AND o.number IS NOT NULL)",
    ),
    _rule(
        "the last state on the timeline of an order is its own",
        _ORDERS,
        "SELECT o.id FROM orders.orders o LEFT JOIN LATERAL (SELECT e.status, e.step FROM orders.timeline_entries e"
        " WHERE e.tenant_id = o.tenant_id AND e.order_id = o.id AND e.step IS NOT NULL"
        " ORDER BY e.step DESC LIMIT 1) t ON true"
        " WHERE t.status IS DISTINCT FROM o.status OR t.step IS DISTINCT FROM o.steps",
    ),
    _rule(
        "nothing was sent that was not ordered",
        "SELECT count(*) FROM orders.shipment_lines",
        "SELECT l.id FROM orders.order_lines l WHERE l.shipped_quantity <> coalesce((SELECT sum(s.quantity)"
        " FROM orders.shipment_lines s WHERE s.tenant_id = l.tenant_id AND s.line_id = l.id), 0)"
        " OR l.shipped_quantity > l.quantity",
    ),
)
