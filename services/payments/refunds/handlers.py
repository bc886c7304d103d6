"""Facts of orders after which money goes back."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.failures import RetryLater
from libs.contracts.orders import LatePaymentRefused, OrderCancelled
from services.payments.payments.repository import PaymentRepository
from services.payments.refunds.service import RefundService


async def on_late_payment_refused(event: LatePaymentRefused, uow: UnitOfWork, envelope: Envelope) -> None:
    """Give a payment back that came too late."""
    payment = await PaymentRepository(uow).get(event.payment_id)
    if payment is None:
        raise RetryLater(f"payment {event.payment_id} is not known")
    await RefundService(uow).give_back(
        payment.id, f"The payment came too late: {event.reason}", f"late:{payment.id}"
    )


async def on_order_cancelled(event: OrderCancelled, uow: UnitOfWork, envelope: Envelope) -> None:
    """Give back what was paid for a cancelled order."""
    if not event.was_paid:
        return
    for payment in await PaymentRepository(uow).captured(event.order_id):
        await RefundService(uow).give_back(
            payment.id, event.reason or "The order was cancelled.", f"cancelled:{payment.id}"
        )
