"""Bodies and queries of payments."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import Column, ListQuery
from libs.common.money import Currency, Money
from libs.common.schema import OutSchema, Schema


class PaymentOut(OutSchema):
    """A payment. `suspicion` says why a report of the provider was not applied, where one was not."""

    id: UUID
    order_id: UUID
    order_number: str
    account_id: UUID
    provider: str
    status: str = Field(description="pending, succeeded, failed or cancelled")
    amount: Money
    refunded: Money
    email: str | None
    customer_user_id: UUID | None
    customer_name: str | None
    redirect_url: str | None
    instructions: dict[str, Any] | None
    provider_payment_id: str | None
    failure_reason: str | None
    suspicion: str | None
    succeeded_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class CaptureBody(Schema):
    """That the money of a manual payment has arrived."""

    note: str | None = Field(
        None, max_length=500, description="For instance the reference on the bank statement"
    )


class VoidBody(Schema):
    """That a pending payment is given up."""

    reason: str | None = Field(None, max_length=500)


class PaymentQuery(ListQuery):
    """How to list payments."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("order_number", "email", "customer_name")

    order_id: list[UUID] | None = None
    order_number: list[str] | None = None
    status: list[str] | None = None
    provider: list[str] | None = None
    account_id: list[UUID] | None = None
    customer_user_id: list[UUID] | None = None
    email: list[str] | None = None
    currency: list[Currency] | None = None
    amount_min: Annotated[int | None, Column("amount_minor"), Field(description="Minor units")] = None
    amount_max: Annotated[int | None, Column("amount_minor"), Field(description="Minor units")] = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
