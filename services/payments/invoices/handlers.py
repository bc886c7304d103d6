"""Facts of orders after which an invoice is made."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.orders import OrderPaid
from services.payments.invoices.service import InvoiceService


async def on_order_paid(event: OrderPaid, uow: UnitOfWork, envelope: Envelope) -> None:
    """Issue the invoice of a paid order."""
    await InvoiceService(uow).issue_for_order(event)
