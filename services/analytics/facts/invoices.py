"""Facts of final invoices: what is owed and by when."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from libs.contracts import payments
from libs.contracts.values import Money
from services.analytics.facts.models import InvoiceFact
from services.analytics.facts.money import paid_on_invoice
from services.analytics.facts.writing import Facts, Projections, Shape

_OWED = ("number", "currency", "outstanding", "due_on", "seen_at")
_WHOLE = (*_OWED, "total", "status")
# What is owed, unless a later event has said so already.
INVOICE_OWED = Shape(InvoiceFact, _OWED, since="seen_at")
INVOICE_CHANGED = Shape(InvoiceFact, _WHOLE, since="seen_at")
# When it became final is set even when a later event came first.
INVOICE_ISSUED = Shape(InvoiceFact, (*_WHOLE, "issued_at"), sets=("issued_at", "total"))

SHAPES = (INVOICE_OWED, INVOICE_CHANGED, INVOICE_ISSUED)


def _owed(
    tenant_id: UUID, time: datetime, event: Any, money: Money, outstanding: int | None
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "invoice_id": event.invoice_id,
        "number": event.number,
        "currency": money.currency,
        "outstanding": outstanding,
        "due_on": date.fromisoformat(event.due_on) if event.due_on else None,
        "seen_at": time,
    }


def invoice_issued(facts: Facts, tenant_id: UUID, time: datetime, event: payments.InvoiceIssued) -> None:
    """An invoice became final; one of a paid order owes nothing."""
    outstanding = event.outstanding.amount if event.outstanding else None
    row = {
        **_owed(tenant_id, time, event, event.total, outstanding),
        "total": event.total.amount,
        "status": "paid" if outstanding == 0 else "issued",
    }
    turn = facts.next_turn(tenant_id, event.invoice_id)
    facts.write(INVOICE_CHANGED, row, turn=turn)
    facts.write(INVOICE_ISSUED, {**row, "issued_at": event.issued_at}, turn=turn)


def invoice_paid(facts: Facts, tenant_id: UUID, time: datetime, event: payments.InvoicePaid) -> None:
    """Money came in for an invoice."""
    left = event.outstanding.amount
    row = {
        **_owed(tenant_id, time, event, event.total, left),
        "total": event.total.amount,
        "status": "paid" if left == 0 else "issued",
    }
    facts.write(INVOICE_CHANGED, row, turn=facts.next_turn(tenant_id, event.invoice_id))
    paid_on_invoice(facts, tenant_id, event)


def invoice_voided(facts: Facts, tenant_id: UUID, time: datetime, event: payments.InvoiceVoided) -> None:
    """An invoice was cancelled: nothing is owed any more."""
    row = {
        **_owed(tenant_id, time, event, event.total, 0),
        "total": event.total.amount,
        "status": "void",
    }
    facts.write(INVOICE_CHANGED, row, turn=facts.next_turn(tenant_id, event.invoice_id))


def invoice_owed(
    facts: Facts, tenant_id: UUID, time: datetime, event: payments.InvoiceSent | payments.InvoiceOverdue
) -> None:
    """It was said what is owed: when an invoice was sent, or became overdue."""
    row = _owed(tenant_id, time, event, event.outstanding, event.outstanding.amount)
    facts.write(INVOICE_OWED, row, turn=facts.next_turn(tenant_id, event.invoice_id))


PROJECTIONS: Projections = {
    payments.InvoiceIssued: invoice_issued,
    payments.InvoicePaid: invoice_paid,
    payments.InvoiceVoided: invoice_voided,
    payments.InvoiceSent: invoice_owed,
    payments.InvoiceOverdue: invoice_owed,
}
