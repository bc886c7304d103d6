"""What stores do when other services report something."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import TenantActivated
from services.catalog.stores.service import StoreService


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Give a business that was approved its default store."""
    await uow.enter_tenant(event.company_id)
    await StoreService(uow).make_default()
