"""What facts mean for subscriptions."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import TenantActivated
from services.identity.subscriptions.service import SubscriptionService


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Let a business that may trade from now on begin the default plan."""
    await uow.enter_platform()
    await SubscriptionService(uow).begun(event.company_id)
