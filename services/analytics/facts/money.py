"""Facts of money: what came in for orders and invoices, and what went back."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from libs.contracts import payments
from libs.contracts.values import Money
from services.analytics.facts.models import MoneyFact
from services.analytics.facts.writing import Facts, Projections, Shape, the_first

MONEY = Shape(
    MoneyFact,
    ("kind", "order_id", "provider", "amount", "currency", "happened_at"),
    sets=(),
    merge=the_first,
)
SHAPES = (MONEY,)


def _row(
    tenant_id: UUID, fact_id: UUID, kind: str, event: Any, amount: Money, happened_at: datetime
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "id": fact_id,
        "kind": kind,
        "order_id": event.order_id,
        "provider": None,
        "amount": amount.amount,
        "currency": amount.currency,
        "happened_at": happened_at,
    }


def payment_succeeded(
    facts: Facts, tenant_id: UUID, time: datetime, event: payments.PaymentSucceeded
) -> None:
    """Money came in for an order."""
    row = _row(tenant_id, event.payment_id, "payment", event, event.amount, event.succeeded_at)
    facts.write(MONEY, {**row, "provider": event.provider})


def refund_succeeded(facts: Facts, tenant_id: UUID, time: datetime, event: payments.RefundSucceeded) -> None:
    """Money went back."""
    amount = event.amount.model_copy(update={"amount": -event.amount.amount})
    facts.write(MONEY, _row(tenant_id, event.refund_id, "refund", event, amount, event.succeeded_at))


def paid_on_invoice(facts: Facts, tenant_id: UUID, event: payments.InvoicePaid) -> None:
    """Money came in for an invoice that no payment of an order is behind.

    Its payments have no id of their own; each leaves less outstanding than the one before, so that names it.
    """
    fact_id = uuid5(event.invoice_id, str(event.outstanding.amount))
    facts.write(MONEY, _row(tenant_id, fact_id, "invoice", event, event.amount, event.paid_at))


PROJECTIONS: Projections = {
    payments.PaymentSucceeded: payment_succeeded,
    payments.RefundSucceeded: refund_succeeded,
}
