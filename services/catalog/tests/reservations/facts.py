"""What orders reports, and what it asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from libs.common.ids import new_id
from libs.common.money import Money
from libs.common.testing.client import Client
from libs.contracts.orders import (
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    ShipmentCreated,
    ShippedLine,
    Totals,
)
from libs.contracts.values import OrderLine

_NOTHING = Money(amount=0, currency="ZAR")
_TOTALS = Totals(subtotal=_NOTHING, discount=_NOTHING, shipping=_NOTHING, tax=_NOTHING, total=_NOTHING)


async def reserve(orders: Client, order_id: UUID, *lines: tuple[str, int], **fields: Any) -> httpx.Response:
    """Ask for pieces of variants, for a quarter of an hour unless told otherwise."""
    body = {
        "lines": [{"variant_id": variant_id, "quantity": quantity} for variant_id, quantity in lines],
        "expires_at": (datetime.now(UTC) + timedelta(minutes=15)).isoformat(),
    }
    return await orders.put(f"/internal/reservations/{order_id}", json=body | fields)


def paid(order_id: UUID, *lines: tuple[str, int]) -> OrderPaid:
    """The order is paid."""
    return OrderPaid(
        order_id=order_id,
        number="1",
        email="client@example.com",
        lines=[
            OrderLine(
                line_id=new_id(),
                variant_id=UUID(variant_id),
                product_id=new_id(),
                sku="S",
                name="N",
                quantity=quantity,
                unit_price=_NOTHING,
                discount=_NOTHING,
                total=_NOTHING,
            )
            for variant_id, quantity in lines
        ],
        totals=_TOTALS,
        payment_id=new_id(),
        paid_at=datetime.now(UTC),
    )


def cancelled(order_id: UUID) -> OrderCancelled:
    """The order is cancelled."""
    return OrderCancelled(
        order_id=order_id, number="1", email="client@example.com", totals=_TOTALS, was_paid=False
    )


def expired(order_id: UUID) -> OrderExpired:
    """The order was not paid in time."""
    return OrderExpired(order_id=order_id, number="1", email="client@example.com", totals=_TOTALS)


def shipped(order_id: UUID, *lines: tuple[str, int]) -> ShipmentCreated:
    """Goods of the order are on their way."""
    return ShipmentCreated(
        order_id=order_id,
        number="1",
        shipment_id=new_id(),
        tracking_reference="T1",
        carrier="table",
        lines=[
            ShippedLine(line_id=new_id(), variant_id=UUID(variant_id), quantity=quantity)
            for variant_id, quantity in lines
        ],
        email="client@example.com",
    )
