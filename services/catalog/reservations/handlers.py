"""What reservations do when orders reports something."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.orders import OrderCancelled, OrderExpired, OrderPaid, ShipmentCreated
from services.catalog.reservations.schemas import ReleaseCause
from services.catalog.reservations.service import ReservationService


async def on_order_paid(event: OrderPaid, uow: UnitOfWork, envelope: Envelope) -> None:
    """Allocate what is reserved for the order."""
    await ReservationService(uow).allocate(event.order_id, event.lines)


async def on_order_cancelled(event: OrderCancelled, uow: UnitOfWork, envelope: Envelope) -> None:
    """Free what is held for the order, and remember that no payment is to change that."""
    await ReservationService(uow).release(
        event.order_id, ReleaseCause.CANCELLED, said_at=envelope.time, remember=True
    )


async def on_order_expired(event: OrderExpired, uow: UnitOfWork, envelope: Envelope) -> None:
    """Free what is reserved for the order."""
    await ReservationService(uow).release(
        event.order_id, ReleaseCause.EXPIRED, said_at=envelope.time, remember=True
    )


async def on_shipment_created(event: ShipmentCreated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Take what was shipped off the stock."""
    await ReservationService(uow).ship(event.order_id, event.shipment_id, event.lines)
