"""What assigned products do when identity reports something."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import RegistrationRejected, RegistrationSubmitted
from services.catalog.assigned_products.service import AssignedProductService


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Give the applicant the product it asked for."""
    await AssignedProductService(uow).assign(event.company_id, event.product)


async def on_registration_rejected(event: RegistrationRejected, uow: UnitOfWork, envelope: Envelope) -> None:
    """Take it back from one that was turned down."""
    await AssignedProductService(uow).revoke(event.company_id)
