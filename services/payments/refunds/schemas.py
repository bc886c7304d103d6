"""Bodies and queries of refunds."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.money import Money, PositiveMoney
from libs.common.schema import OutSchema, Schema


class RefundCreate(Schema):
    """How much to give back, and why."""

    amount: PositiveMoney | None = Field(None, description="All that is left of the payment by default")
    reason: str = Field(min_length=1, max_length=500, examples=["Arrived broken"])


class RefundOut(OutSchema):
    """A refund. While it is pending the provider has not confirmed it."""

    id: UUID
    payment_id: UUID
    order_id: UUID
    status: str = Field(description="pending, succeeded or failed")
    amount: Money
    reason: str
    failure_reason: str | None
    credit_note_id: UUID | None
    succeeded_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class RefundQuery(ListQuery):
    """How to list refunds."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("reason", "failure_reason")

    payment_id: list[UUID] | None = None
    order_id: list[UUID] | None = None
    status: list[str] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
