"""What a business that starts to trade gets."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import TenantActivated
from services.crm.pipelines.service import PipelineService


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Give the business its default pipeline."""
    await uow.enter_tenant(event.company_id)
    await PipelineService(uow).default()
