"""Bodies and queries of invoices."""

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.countries import Country
from libs.common.filters import ListQuery
from libs.common.money import Currency, Money, PositiveMoney, Price
from libs.common.phones import Phone
from libs.common.schema import OutSchema, PatchSchema, Schema


class InvoiceLineIn(Schema):
    """One line: what was sold, how many, at what price, less a discount on the whole line."""

    description: str = Field(min_length=1, max_length=500)
    sku: str | None = Field(None, max_length=100)
    quantity: int = Field(ge=1, le=1_000_000)
    unit_price: Price
    discount: Price | None = None


class BillingAddress(Schema):
    """Where the invoice goes."""

    name: str | None = Field(None, max_length=200)
    line1: str = Field(min_length=1, max_length=200)
    line2: str | None = Field(None, max_length=200)
    city: str = Field(min_length=1, max_length=100)
    region: str | None = Field(None, max_length=100)
    postal_code: str | None = Field(None, max_length=20)
    country: Country
    phone: Phone | None = None


Lines = Annotated[list[InvoiceLineIn], Field(min_length=1, max_length=500)]


class InvoiceCreate(Schema):
    """A new draft; also the whole of it in a PUT. All amounts are in `currency`; the totals are worked out."""

    currency: Currency
    lines: Lines
    shipping: Price | None = None
    tax: Price | None = Field(None, description="Tax on top of the lines, all rates together")
    tax_included: Price | None = Field(
        None,
        description="Tax that the lines and shipping contain already, all rates together; it is not added",
    )
    email: EmailStr | None = None
    customer_name: str | None = Field(None, max_length=200)
    customer_user_id: UUID | None = None
    billing_address: BillingAddress | None = None
    notes: str | None = Field(None, max_length=2000)
    due_on: date | None = Field(None, description="Some days after it is final by default")


class InvoiceUpdate(PatchSchema):
    """The fields of a draft to change; one that is absent stays, one that is null is emptied."""

    lines: Lines = Field(default_factory=list)
    shipping: Price | None = None
    tax: Price | None = None
    tax_included: Price | None = None
    email: EmailStr | None = None
    customer_name: str | None = Field(None, max_length=200)
    customer_user_id: UUID | None = None
    billing_address: BillingAddress | None = None
    notes: str | None = Field(None, max_length=2000)
    due_on: date | None = None


class InvoicePay(Schema):
    """Money that came in for an invoice by another way than a checkout."""

    amount: PositiveMoney | None = Field(None, description="All that is outstanding by default")
    method: Literal["bank_transfer", "cash", "card", "other"]
    reference: str | None = Field(None, max_length=200)


class InvoiceVoid(Schema):
    """Why an invoice is void."""

    reason: str = Field(min_length=1, max_length=500)


class InvoiceLineOut(OutSchema):
    """One line of an invoice."""

    description: str
    sku: str | None
    quantity: int
    unit_price: Money
    discount: Money
    total: Money


class InvoiceOut(OutSchema):
    """An invoice; total = subtotal - discount + shipping + tax. Drafts have no number."""

    id: UUID
    number: str | None
    status: str = Field(description="draft, issued, paid or void")
    order_id: UUID | None
    order_number: str | None
    payment_id: UUID | None
    currency: str
    lines: list[InvoiceLineOut] = Field(validation_alias="shown_lines")
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    tax_included: Money = Field(description="The tax that prices contain already; it is not added")
    total: Money
    paid: Money
    credited: Money
    outstanding: Money
    email: str | None
    customer_name: str | None
    customer_user_id: UUID | None
    billing_address: dict[str, Any] | None
    notes: str | None
    due_on: date | None
    issued_at: datetime | None
    sent_at: datetime | None
    voided_at: datetime | None
    overdue_at: datetime | None
    subscription_id: UUID | None
    subscription_period: int | None = Field(description="Which period of the subscription it is for")
    period_start: datetime | None
    period_end: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class InvoiceQuery(ListQuery):
    """How to list invoices."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "due_on")
    searchable: ClassVar[tuple[str, ...]] = ("number", "email", "customer_name", "order_number")

    status: list[str] | None = None
    order_id: list[UUID] | None = None
    number: list[str] | None = None
    customer_user_id: list[UUID] | None = None
    email: list[str] | None = None
    subscription_id: list[UUID] | None = None
    due_on_from: date | None = None
    due_on_to: date | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
