"""What services say of the steps they were asked for."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.provisioning import StepProvisioned
from services.identity.registrations.provisioning.service import Provisioning, registration_of


async def on_step_provisioned(event: StepProvisioned, uow: UnitOfWork, envelope: Envelope) -> None:
    """Note that a step of setting up a business is done."""
    await uow.enter_platform()
    registration = await registration_of(uow, event.company_id)
    if registration is not None:
        await Provisioning(uow).confirm(registration, event.step, event.run)
