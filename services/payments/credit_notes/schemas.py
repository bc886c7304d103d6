"""Bodies and queries of credit notes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.money import Money
from libs.common.schema import OutSchema


class CreditNoteOut(OutSchema):
    """A credit note; total = goods + shipping + tax."""

    id: UUID
    number: str
    invoice_id: UUID
    invoice_number: str
    order_id: UUID | None
    refund_id: UUID
    goods: Money
    shipping: Money
    tax: Money
    tax_included: Money = Field(
        description="The tax that goods and shipping contain already; it is not added"
    )
    total: Money
    reason: str
    email: str | None
    customer_name: str | None
    issued_at: datetime
    created_at: datetime


class CreditNoteQuery(ListQuery):
    """How to list credit notes."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("number", "invoice_number", "email", "customer_name")

    number: list[str] | None = None
    invoice_id: list[UUID] | None = None
    order_id: list[UUID] | None = None
    refund_id: list[UUID] | None = None
    email: list[str] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
