"""What customers are told of their subscriptions; each invoice is mailed as any other."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.payments import SubscriptionCancelled, SubscriptionPastDue
from services.notifications.announcements.handlers.audience import customer
from services.notifications.announcements.service import About, Announcer


async def on_subscription_past_due(event: SubscriptionPastDue, uow: UnitOfWork, envelope: Envelope) -> None:
    """Remind the customer of an overdue invoice, where a reminder is due."""
    if event.reminder == 0:
        return
    link = f"{uow.context.common.public_url.rstrip('/')}/api/v1/invoices/{event.invoice_id}/pdf"
    variables = {
        "invoice": {
            "number": event.invoice_number,
            "outstanding": str(event.outstanding),
            "due_on": event.due_on,
        },
        "link": link,
    }
    await _tell("subscription_reminder", event, uow, envelope, variables)


async def on_subscription_cancelled(
    event: SubscriptionCancelled, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Tell the customer that the subscription is over."""
    await _tell("subscription_cancelled", event, uow, envelope, {"reason": event.reason})


async def _tell(
    kind: str,
    event: SubscriptionPastDue | SubscriptionCancelled,
    uow: UnitOfWork,
    envelope: Envelope,
    variables: dict[str, Any],
) -> None:
    target = await customer(uow, event.email, event.customer_user_id, event.customer_name)
    about = About("subscription", event.subscription_id, f"/subscriptions/{event.subscription_id}")
    variables = {**variables, "subscription": {"plan": event.plan_name}}
    await Announcer(uow).tell(kind, [target], variables, key=str(envelope.id), about=about)
