"""What customers and shops are told of orders."""

from collections.abc import Sequence
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Taken
from libs.contracts.orders import (
    OrderCancelled,
    OrderExpired,
    OrderPaid,
    OrderPlaced,
    ShipmentCreated,
    ShipmentUpdated,
)
from services.notifications.announcements.handlers.audience import People, customer
from services.notifications.announcements.handlers.tenants import act_in, by_tenant
from services.notifications.announcements.jobs import tell_staff_later
from services.notifications.announcements.service import About, Announcement, Announcer
from services.notifications.order_contacts.repository import OrderContactRepository

OrderEvent = OrderPlaced | OrderPaid | OrderCancelled | OrderExpired | ShipmentCreated | ShipmentUpdated

DELIVERED = "delivered"


async def on_orders_placed(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Remember the customers of orders, confirm the orders to them, and tell the shops."""
    for group in by_tenant(taken):
        await act_in(uow, group)
        OrderContactRepository(uow).put(event for event, _ in group)
        await _tell_both(group, uow, "order_placed", "order_received")


async def on_orders_paid(taken: Sequence[Taken], uow: UnitOfWork) -> None:
    """Confirm payments to the customers, and tell the owners of the shops that money came in."""
    for group in by_tenant(taken):
        await act_in(uow, group)
        await _tell_both(group, uow, "order_paid", "payment_received", "owner")


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


async def _tell_both(
    group: Sequence[Taken], uow: UnitOfWork, to_customer: str, to_shop: str, *roles: str
) -> None:
    """Tell the customer of each order, and those of the staff that have one of the roles, where any is named.

    While no staff is known, only they are told later.
    """
    people = await People.of_shop(uow, {event.customer_user_id for event, _ in group})
    staff = people.staff(*roles)
    customers, shop = [], []
    for event, envelope in group:
        variables, key, about = {"order": _order(event)}, str(envelope.id), _about(event)
        customer = people.customer(event.email, event.customer_user_id, event.customer_name)
        customers.append(Announcement(to_customer, [customer], variables, key, about))
        shop.append(Announcement(to_shop, staff, variables, key, about))
    if not staff:
        # Customers do not wait for what is not known of the shop.
        tell_staff_later(uow, shop, roles)
    await Announcer(uow).tell_all([*customers, *shop])


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
