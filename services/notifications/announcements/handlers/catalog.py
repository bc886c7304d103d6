"""What shops are told of stock."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.catalog import StockLow
from services.notifications.announcements.handlers.audience import shop_staff
from services.notifications.announcements.service import About, Announcer


async def on_stock_low(event: StockLow, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the shop that something is running out."""
    variables = {
        "product": {
            "name": event.name,
            "sku": event.sku,
            "available": event.available,
            "threshold": event.threshold,
        }
    }
    about = About("variant", event.variant_id, f"/inventory/stock?variant_id={event.variant_id}")
    await Announcer(uow).tell(
        "stock_low", await shop_staff(uow, envelope), variables, key=str(envelope.id), about=about
    )
