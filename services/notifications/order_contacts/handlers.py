"""What order contacts learn from orders."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.orders import OrderPlaced
from services.notifications.order_contacts.repository import OrderContactRepository


async def on_order_placed(event: OrderPlaced, uow: UnitOfWork, envelope: Envelope) -> None:
    """Remember the customer of the order."""
    await OrderContactRepository(uow).put(event)
