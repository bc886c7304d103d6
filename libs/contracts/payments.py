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
