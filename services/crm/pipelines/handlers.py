"""What a business that starts to trade gets."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import ProvisioningRequested, TenantActivated
from libs.contracts.provisioning import step_provisioned
from services.crm.pipelines.service import PipelineService

STEP = "default_pipeline"


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Give the business its default pipeline."""
    await _make_default(uow, event.company_id, event.provisioning_run)


async def on_provisioning_requested(
    event: ProvisioningRequested, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Do it again where identity has not heard that it was done."""
    if event.step == STEP:
        await _make_default(uow, event.company_id, event.run)


async def _make_default(uow: UnitOfWork, company_id: UUID, run: int | None) -> None:
    await uow.enter_tenant(company_id)
    await PipelineService(uow).default()
    if run is not None:
        uow.emit(step_provisioned("crm", company_id, STEP, run))
