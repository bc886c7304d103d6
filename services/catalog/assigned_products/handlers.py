"""What assigned products do when identity reports something."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import ProvisioningRequested, RegistrationRejected, RegistrationSubmitted
from libs.contracts.provisioning import step_provisioned
from services.catalog.assigned_products.service import AssignedProductService

STEP = "default_product"


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Give the applicant the product it asked for."""
    await AssignedProductService(uow).assign(event.company_id, event.product)


async def on_registration_rejected(event: RegistrationRejected, uow: UnitOfWork, envelope: Envelope) -> None:
    """Take it back from one that was turned down."""
    await AssignedProductService(uow).revoke(event.company_id, event.provisioning_run)


async def on_provisioning_requested(
    event: ProvisioningRequested, uow: UnitOfWork, envelope: Envelope
) -> None:
    """See that an approved business has its product, which it lost where it was turned down in between."""
    if event.step == STEP:
        await AssignedProductService(uow).restore(event.company_id, event.product, event.run)
        uow.emit(step_provisioned("catalog", event.company_id, STEP, event.run))
