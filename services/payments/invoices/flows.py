"""Invoices with what they are of: once one is paid or void, its subscription may be in order again."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.payments.invoices.models import Invoice
from services.payments.invoices.schemas import InvoicePay
from services.payments.invoices.service import InvoiceService
from services.payments.subscriptions.life import SubscriptionLife
from services.payments.subscriptions.models import Subscription
from services.payments.subscriptions.repository import SubscriptionRepository


class InvoiceSettling:
    """Pays and voids invoices. The subscription is locked first, as everywhere."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.invoices = InvoiceService(uow)
        self.subscriptions = SubscriptionRepository(uow)

    async def pay(self, invoice_id: UUID, body: InvoicePay) -> Invoice:
        """See `InvoiceService.pay`."""
        subscription = await self._subscription(invoice_id)
        invoice = await self.invoices.pay(invoice_id, body)
        await self._settled(subscription)
        return invoice

    async def void(self, invoice_id: UUID, reason: str) -> Invoice:
        """See `InvoiceService.void`."""
        subscription = await self._subscription(invoice_id)
        invoice = await self.invoices.void(invoice_id, reason)
        await self._settled(subscription)
        return invoice

    async def _subscription(self, invoice_id: UUID) -> Subscription | None:
        found = await self.subscriptions.of_invoice(invoice_id)
        return await self.subscriptions.locked(found) if found else None

    async def _settled(self, subscription: Subscription | None) -> None:
        if subscription is not None:
            await SubscriptionLife(self.uow).settled(subscription)
