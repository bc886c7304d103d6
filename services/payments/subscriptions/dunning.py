"""What follows where an invoice of a subscription is not paid: when each step is due, counted from the day it was."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.payments.invoices.models import Invoice
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.periods import midnight

What = Literal["overdue", "remind", "give_up"]


@dataclass(frozen=True, slots=True)
class Step:
    """What is next, and when: the subscription falls behind, the customer is reminded, no more is waited for."""

    at: datetime
    what: What


def next_step(subscription: Subscription, invoice: Invoice | None) -> Step | None:
    """The next step for the invoice that has been due for longest; None where all are paid."""
    if invoice is None or invoice.due_on is None:
        return None
    if subscription.dunning_invoice_id != invoice.id:
        return Step(midnight(invoice.due_on, 1), "overdue")
    reminders: list[int] = subscription.dunning["reminder_days"]
    if subscription.dunning_step < len(reminders):
        return Step(midnight(invoice.due_on, reminders[subscription.dunning_step]), "remind")
    return Step(midnight(invoice.due_on, subscription.dunning["final_days"]), "give_up")


def reminders_due(subscription: Subscription, invoice: Invoice, now: datetime) -> int:
    """How many reminders are due by now: after a standstill those that were missed are one, not several at once."""
    assert invoice.due_on is not None
    return sum(midnight(invoice.due_on, days) <= now for days in subscription.dunning["reminder_days"])
