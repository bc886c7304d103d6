"""Bodies and queries of orders."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from libs.common.filters import Column, ListQuery
from libs.common.money import Money
from libs.common.schema import OutSchema, Schema
from services.orders.orders.states import OrderStatus
from services.orders.schemas import TotalsOut

Refunded = Annotated[
    Money,
    Field(
        description="Given back of the payment that the order was paid with. Payments that it did not take (late, twice,"
        " too small) are given back whole, which the timeline tells"
    ),
]


class OrderLineOut(OutSchema):
    """A line of an order."""

    line_id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    options: dict[str, Any]
    quantity: int
    shipped_quantity: int
    unit_price: Money
    discount: Money
    tax: Money
    tax_included: Money | None = Field(
        description="The tax that `total` contains already; null where the order was placed before lines said it"
    )
    total: Money = Field(description="What the line costs after its discount, before added tax")


class OrderOut(OutSchema):
    """An order."""

    id: UUID
    number: str | None = Field(description="Null while it is a draft", examples=["O-000001"])
    status: OrderStatus
    email: str
    customer_user_id: UUID | None
    customer_name: str | None
    note: str | None
    currency: str
    items: list[OrderLineOut]
    totals: TotalsOut
    refunded: Refunded
    shipping_address: dict[str, Any] | None
    shipping_method_id: UUID | None
    shipping_method_name: str | None
    reserved_until: datetime | None
    placed_at: datetime | None
    payment_id: UUID | None
    paid_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    expired_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class OrderQuery(ListQuery):
    """How to list orders."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at", "placed_at", "total_amount", "number")
    searchable: ClassVar[tuple[str, ...]] = ("number", "email", "customer_name")

    status: list[OrderStatus] | None = None
    number: list[str] | None = None
    email: list[Annotated[str, AfterValidator(str.lower)]] | None = None
    customer_user_id: list[UUID] | None = None
    placed_at_from: datetime | None = None
    placed_at_to: datetime | None = None
    total_min: Annotated[int | None, Column("total_amount"), Field(description="Minor units")] = None
    total_max: Annotated[int | None, Column("total_amount"), Field(description="Minor units")] = None


class OrderCancel(Schema):
    """Why it is cancelled."""

    reason: str | None = Field(None, max_length=500)


class InternalLine(OutSchema):
    """A line of an order as other services see it."""

    line_id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    options: dict[str, Any]
    quantity: int
    unit_price: Money
    discount: Money
    tax: Money
    tax_included: Money | None
    total: Money


class InternalOrder(OutSchema):
    """An order as other services see it; `cart_token_hash` is the hex SHA-256 of the token that opens it."""

    id: UUID
    tenant_id: UUID
    number: str | None
    status: OrderStatus
    email: str
    customer_user_id: UUID | None
    customer_name: str | None
    currency: str
    totals: TotalsOut
    refunded: Refunded
    payment_id: UUID | None
    shipping_address: dict[str, Any] | None
    reserved_until: datetime | None
    placed_at: datetime | None
    paid_at: datetime | None
    lines: list[InternalLine]
    cart_token_hash: str | None
