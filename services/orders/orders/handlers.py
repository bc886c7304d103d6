"""What orders does when payments tells something."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.payments import (
    CreditNoteIssued,
    InvoiceIssued,
    PaymentFailed,
    PaymentSucceeded,
    RefundFailed,
    RefundSucceeded,
)
from services.orders.orders.settlement import Settlement


async def pay_order(event: PaymentSucceeded, uow: UnitOfWork, envelope: Envelope) -> None:
    """A payment went through."""
    await Settlement(uow).paid(event, envelope.actor)


async def record_refund(event: RefundSucceeded, uow: UnitOfWork, envelope: Envelope) -> None:
    """Money was given back."""
    await Settlement(uow).refunded(event, envelope.actor)


async def record_failure(event: PaymentFailed | RefundFailed, uow: UnitOfWork, envelope: Envelope) -> None:
    """A payment or a refund did not go through."""
    is_refund = isinstance(event, RefundFailed)
    await Settlement(uow).note(
        event.order_id,
        "refund_failed" if is_refund else "payment_failed",
        event.refund_id if isinstance(event, RefundFailed) else event.payment_id,
        at=envelope.time,
        actor=envelope.actor,
        amount=event.amount.model_dump(),
        reason=event.reason,
    )


async def record_document(
    event: InvoiceIssued | CreditNoteIssued, uow: UnitOfWork, envelope: Envelope
) -> None:
    """An invoice or a credit note of an order became final."""
    if event.order_id is None:
        return
    is_invoice = isinstance(event, InvoiceIssued)
    await Settlement(uow).note(
        event.order_id,
        "invoice_issued" if is_invoice else "credit_note_issued",
        event.invoice_id if isinstance(event, InvoiceIssued) else event.credit_note_id,
        at=event.issued_at,
        actor=envelope.actor,
        number=event.number,
        total=event.total.model_dump(),
    )
