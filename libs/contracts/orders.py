"""What orders publishes: the life of an order and its shipments."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event
from libs.contracts.values import Address, Money, OrderLine, Value


class Totals(Value):
    """The totals of an order; they re-add: total = subtotal - discount + shipping + tax.

    `tax_included` is the tax that prices contain already; it is not added. Null where whoever told of it did not say.
    """

    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    tax_included: Money | None = None
    total: Money


class OrderPlaced(Event):
    """A customer ordered; the stock is reserved until `reserved_until`."""

    wire_name = "orders.order_placed.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    email: str
    customer_user_id: UUID | None = None
    customer_name: str | None = None
    lines: list[OrderLine]
    totals: Totals
    shipping_address: Address | None = None
    reserved_until: datetime
    placed_at: datetime


class OrderPaid(Event):
    """An order is paid in full; what was reserved for it is its own now.

    Where nothing was to be paid, no payment is behind it: `payment_id` is the order's own id.
    """

    wire_name = "orders.order_paid.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    email: str
    customer_user_id: UUID | None = None
    customer_name: str | None = None
    lines: list[OrderLine]
    totals: Totals
    shipping_address: Address | None = None
    payment_id: UUID
    paid_at: datetime


class OrderCancelled(Event):
    """An order was cancelled; stock held for it is to be freed, and money captured for it given back."""

    wire_name = "orders.order_cancelled.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    email: str
    customer_user_id: UUID | None = None
    totals: Totals
    was_paid: bool
    payment_id: UUID | None = None
    reason: str | None = None


class OrderExpired(Event):
    """An order was not paid in time; stock held for it is to be freed."""

    wire_name = "orders.order_expired.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    email: str
    customer_user_id: UUID | None = None
    totals: Totals


class LatePaymentRefused(Event):
    """A payment arrived for an order that can no longer be served; it is to be refunded."""

    wire_name = "orders.late_payment_refused.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    payment_id: UUID
    reason: str


class ShippedLine(Value):
    """How many of an order line went with a shipment."""

    line_id: UUID
    variant_id: UUID
    quantity: int


class ShipmentCreated(Event):
    """Goods of an order were handed to a carrier."""

    wire_name = "orders.shipment_created.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    shipment_id: UUID
    tracking_reference: str
    carrier: str
    lines: list[ShippedLine]
    email: str
    customer_user_id: UUID | None = None


class ShipmentUpdated(Event):
    """The carrier reported a new status of a shipment."""

    wire_name = "orders.shipment_updated.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    shipment_id: UUID
    tracking_reference: str
    status: str
    email: str
    customer_user_id: UUID | None = None


class OrderDelivered(Event):
    """All goods of an order have arrived."""

    wire_name = "orders.order_delivered.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    email: str
    customer_user_id: UUID | None = None
    delivered_at: datetime


class OrderCompleted(Event):
    """An order is done."""

    wire_name = "orders.order_completed.v1"
    about: ClassVar[tuple[str, str]] = ("order", "order_id")

    order_id: UUID
    number: str
    email: str
    customer_user_id: UUID | None = None
    completed_at: datetime
