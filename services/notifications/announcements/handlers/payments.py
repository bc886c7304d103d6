"""What customers are told of money."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.failures import RetryLater
from libs.contracts.payments import InvoiceIssued, PaymentFailed, RefundSucceeded
from services.notifications.announcements.handlers.audience import customer
from services.notifications.announcements.service import About, Announcer
from services.notifications.announcements.target import Target
from services.notifications.order_contacts.models import OrderContact
from services.notifications.order_contacts.repository import OrderContactRepository


async def on_payment_failed(event: PaymentFailed, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the customer that a payment did not go through."""
    contact = await _contact(uow, event.order_id)
    variables = {
        "order": {"number": contact.number},
        "payment": {"amount": str(event.amount), "reason": event.reason},
    }
    await Announcer(uow).tell(
        "payment_failed",
        [await _customer(uow, contact)],
        variables,
        key=str(envelope.id),
        about=About("order", event.order_id, f"/orders/{event.order_id}"),
    )


async def on_refund_succeeded(event: RefundSucceeded, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the customer that money was given back."""
    contact = await _contact(uow, event.order_id)
    variables = {
        "order": {"number": contact.number},
        "refund": {"amount": str(event.amount), "reason": event.reason},
    }
    await Announcer(uow).tell(
        "refund_succeeded",
        [await _customer(uow, contact)],
        variables,
        key=str(envelope.id),
        about=About("order", event.order_id, f"/orders/{event.order_id}"),
    )


async def on_invoice_issued(event: InvoiceIssued, uow: UnitOfWork, envelope: Envelope) -> None:
    """Send the customer the link to his invoice."""
    contact = await _contact(uow, event.order_id) if event.order_id else None
    if contact is not None:
        target = await _customer(uow, contact, event.email)
    elif event.email:
        target = Target(email=event.email)
    else:
        return
    link = f"{uow.context.common.public_url.rstrip('/')}/api/v1/invoices/{event.invoice_id}/pdf"
    variables = {
        "invoice": {"number": event.number, "total": str(event.total)},
        "order": {"number": contact.number if contact else None},
        "link": link,
    }
    about = About("invoice", event.invoice_id, f"/invoices/{event.invoice_id}")
    await Announcer(uow).tell("invoice_issued", [target], variables, key=str(envelope.id), about=about)


async def _contact(uow: UnitOfWork, order_id: UUID) -> OrderContact:
    contact = await OrderContactRepository(uow).get(order_id)
    if contact is None:
        raise RetryLater(f"order {order_id} is not known yet")
    return contact


async def _customer(uow: UnitOfWork, contact: OrderContact, email: str | None = None) -> Target:
    return await customer(uow, email or contact.email, contact.customer_user_id, contact.customer_name)
