"""What facts mean for subscriptions."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import TenantActivated
from services.identity.subscriptions.service import SubscriptionService


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Let a business that may trade from now on begin the default plan."""
    await uow.enter_platform()
    subscriptions = SubscriptionService(uow)
    # Between a migration and its first rows there are no plans; who has no subscription is on the default plan anyway.
    if await subscriptions.has_default_plan():
        await subscriptions.begun(event.company_id)
