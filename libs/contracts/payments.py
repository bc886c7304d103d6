"""What payments publishes: payments, refunds and invoices."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event
from libs.contracts.values import Money


class PaymentSucceeded(Event):
    """Money for an order was captured."""

    wire_name = "payments.payment_succeeded.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    payment_id: UUID
    order_id: UUID
    amount: Money
    provider: str
    succeeded_at: datetime


class PaymentFailed(Event):
    """A payment for an order did not go through; it may be tried again."""

    wire_name = "payments.payment_failed.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    payment_id: UUID
    order_id: UUID
    amount: Money
    provider: str
    reason: str


class RefundSucceeded(Event):
    """Money was given back."""

    wire_name = "payments.refund_succeeded.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    refund_id: UUID
    payment_id: UUID
    order_id: UUID
    amount: Money
    refunded_total: Money
    payment_amount: Money
    reason: str | None = None
    succeeded_at: datetime


class RefundFailed(Event):
    """A refund was refused by the provider; a person must look at it."""

    wire_name = "payments.refund_failed.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    refund_id: UUID
    payment_id: UUID
    order_id: UUID
    amount: Money
    reason: str


class InvoiceIssued(Event):
    """An invoice became final."""

    wire_name = "payments.invoice_issued.v1"
    about: ClassVar[tuple[str, str]] = ("invoice", "invoice_id")

    invoice_id: UUID
    number: str
    order_id: UUID | None = None
    email: str | None = None
    total: Money
    outstanding: Money | None = None
    due_on: str | None = None
    issued_at: datetime


class InvoicePaid(Event):
    """Money came in for a final invoice; nothing outstanding means that it is paid in full."""

    wire_name = "payments.invoice_paid.v1"
    about: ClassVar[tuple[str, str]] = ("invoice", "invoice_id")

    invoice_id: UUID
    number: str
    order_id: UUID | None = None
    amount: Money
    total: Money
    outstanding: Money
    due_on: str | None = None
    paid_at: datetime


class InvoiceVoided(Event):
    """A final invoice that nobody had paid was cancelled."""

    wire_name = "payments.invoice_voided.v1"
    about: ClassVar[tuple[str, str]] = ("invoice", "invoice_id")

    invoice_id: UUID
    number: str
    order_id: UUID | None = None
    total: Money
    due_on: str | None = None
    voided_at: datetime


class InvoiceSent(Event):
    """A final invoice is to be sent to its customer (again)."""

    wire_name = "payments.invoice_sent.v1"
    about: ClassVar[tuple[str, str]] = ("invoice", "invoice_id")

    invoice_id: UUID
    number: str
    order_id: UUID | None = None
    email: str
    total: Money
    outstanding: Money
    due_on: str | None = None
    sent_at: datetime


class CreditNoteIssued(Event):
    """A credit note became final."""

    wire_name = "payments.credit_note_issued.v1"
    about: ClassVar[tuple[str, str]] = ("credit_note", "credit_note_id")

    credit_note_id: UUID
    number: str
    invoice_id: UUID
    order_id: UUID | None = None
    email: str | None = None
    total: Money
    issued_at: datetime


class InvoiceOverdue(Event):
    """An invoice is past its due date and not paid in full."""

    wire_name = "payments.invoice_overdue.v1"
    about: ClassVar[tuple[str, str]] = ("invoice", "invoice_id")

    invoice_id: UUID
    number: str
    email: str | None = None
    outstanding: Money
    due_on: str


class _OfSubscription(Event):
    """What every event of a subscription says of it: where it stands, what was sold, to whom.

    `status` is scheduled, trialing, active, past_due, unpaid, paused, cancelled or ended. `amount` is what a whole
    period costs before tax.
    """

    about: ClassVar[tuple[str, str]] = ("subscription", "subscription_id")

    subscription_id: UUID
    status: str
    plan_id: UUID | None = None
    plan_name: str
    quantity: int
    amount: Money
    email: str
    customer_name: str
    customer_user_id: UUID | None = None


class SubscriptionStarted(_OfSubscription):
    """A subscription began: with its trial, or with its first period, which was invoiced."""

    wire_name = "payments.subscription_started.v1"

    started_at: datetime
    trial_ends_at: datetime | None = None
    period_end: datetime | None = None
    invoice_id: UUID | None = None


class SubscriptionRenewed(_OfSubscription):
    """The next period of a subscription began and was invoiced: after a trial, a pause or the period before."""

    wire_name = "payments.subscription_renewed.v1"

    period: int
    period_start: datetime
    period_end: datetime
    invoice_id: UUID
    invoice_number: str
    total: Money


class SubscriptionChanged(_OfSubscription):
    """A subscription is another one in some way.

    `change` is plan_changed, change_planned, change_withdrawn, cancellation_planned, cancellation_withdrawn, paused,
    resumed, unpaid (it is not billed any more) or paid (it was behind, and is in order again).
    """

    wire_name = "payments.subscription_changed.v1"

    change: str
    changed_at: datetime


class SubscriptionPastDue(_OfSubscription):
    """An invoice of a subscription is overdue; with `reminder` 1, 2, ... its customer is to be reminded of it by mail."""

    wire_name = "payments.subscription_past_due.v1"

    invoice_id: UUID
    invoice_number: str
    outstanding: Money
    due_on: str
    reminder: int = 0


class SubscriptionCancelled(_OfSubscription):
    """A subscription is over: cancelled, or ended where all its periods are."""

    wire_name = "payments.subscription_cancelled.v1"

    reason: str | None = None
    ended_at: datetime
