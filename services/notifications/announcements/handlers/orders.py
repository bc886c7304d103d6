"""What customers and shops are told of orders."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.orders import (
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    ShipmentCreated,
    ShipmentUpdated,
)
from services.notifications.announcements.handlers.audience import customer, shop_staff
from services.notifications.announcements.service import About, Announcer

OrderEvent = OrderPlaced | OrderPaid | OrderCancelled | OrderExpired | ShipmentCreated | ShipmentUpdated

DELIVERED = "delivered"


async def on_order_placed(event: OrderPlaced, uow: UnitOfWork, envelope: Envelope) -> None:
    """Confirm an order to the customer."""
    await _tell_customer("order_placed", event, uow, envelope, {"order": _order(event)})


async def on_order_paid(event: OrderPaid, uow: UnitOfWork, envelope: Envelope) -> None:
    """Confirm the payment of an order to the customer."""
    await _tell_customer("order_paid", event, uow, envelope, {"order": _order(event)})


async def on_order_closed(event: OrderCancelled | OrderExpired, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the customer that the order will not be served."""
    kind = "order_cancelled" if isinstance(event, OrderCancelled) else "order_expired"
    order = {
        "number": event.number,
        "total": str(event.totals.total),
        "reason": getattr(event, "reason", None),
        "was_paid": getattr(event, "was_paid", False),
    }
    await _tell_customer(kind, event, uow, envelope, {"order": order})


async def on_shipment(event: ShipmentCreated | ShipmentUpdated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the customer that a parcel left, or that it arrived."""
    if isinstance(event, ShipmentUpdated) and event.status != DELIVERED:
        return
    kind = "order_shipped" if isinstance(event, ShipmentCreated) else "order_delivered"
    shipment = {
        "tracking_reference": event.tracking_reference,
        "carrier": getattr(event, "carrier", None),
    }
    await _tell_customer(
        kind, event, uow, envelope, {"order": {"number": event.number}, "shipment": shipment}
    )


async def on_order_placed_for_shop(event: OrderPlaced, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the shop of a new order."""
    staff = await shop_staff(uow, envelope)
    await Announcer(uow).tell(
        "order_received", staff, {"order": _order(event)}, key=str(envelope.id), about=_about(event)
    )


async def on_order_paid_for_shop(event: OrderPaid, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the owners of the shop that money came in."""
    owners = await shop_staff(uow, envelope, "owner")
    await Announcer(uow).tell(
        "payment_received", owners, {"order": _order(event)}, key=str(envelope.id), about=_about(event)
    )


async def _tell_customer(
    kind: str, event: OrderEvent, uow: UnitOfWork, envelope: Envelope, variables: dict[str, Any]
) -> None:
    name = getattr(event, "customer_name", None)
    target = await customer(uow, event.email, event.customer_user_id, name)
    await Announcer(uow).tell(kind, [target], variables, key=str(envelope.id), about=_about(event))


def _about(event: OrderEvent) -> About:
    return About("order", event.order_id, f"/orders/{event.order_id}")


def _order(event: OrderPlaced | OrderPaid) -> dict[str, Any]:
    return {
        "number": event.number,
        "total": str(event.totals.total),
        "customer": event.customer_name or event.email,
        "lines": [
            {"name": line.name, "sku": line.sku, "quantity": line.quantity, "total": str(line.total)}
            for line in event.lines
        ],
    }
