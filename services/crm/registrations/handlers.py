"""What identity and catalog tell of applicants, taken up in the operator tenant."""

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.catalog import ProductAssigned
from libs.contracts.identity import RegistrationResubmitted, RegistrationSubmitted
from services.crm.registrations.flows import RegistrationFlow


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Open the deal that decides on the registration."""
    await uow.enter_tenant(OPERATOR_TENANT_ID)
    await RegistrationFlow(uow).open(event)


async def on_registration_resubmitted(
    event: RegistrationResubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Correct what is known of the business."""
    await uow.enter_tenant(OPERATOR_TENANT_ID)
    await RegistrationFlow(uow).correct(event)


async def on_product_assigned(event: ProductAssigned, uow: UnitOfWork, envelope: Envelope) -> None:
    """Put the product's name and price on the deal of the business that was given it."""
    await uow.enter_tenant(OPERATOR_TENANT_ID)
    await RegistrationFlow(uow).price(event, envelope.time)
