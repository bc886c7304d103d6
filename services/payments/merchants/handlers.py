"""What identity tells of businesses."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import (
    ProvisioningRequested,
    RegistrationResubmitted,
    RegistrationSubmitted,
    TenantActivated,
    TenantReactivated,
    TenantSuspended,
)
from libs.contracts.provisioning import step_provisioned
from services.payments.merchants.repository import MerchantRepository

STEP = "merchant_profile"


async def on_registration(
    event: RegistrationSubmitted | RegistrationResubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Keep what the applicant said of its business, or says now."""
    business = event.business
    if business is None:
        return
    await uow.enter_tenant(event.company_id)
    email = {"email": event.owner_email} if isinstance(event, RegistrationSubmitted) else {}
    known = business.model_dump(exclude={"industry"})
    await MerchantRepository(uow).keep(event.company_id, **known | {"name": event.company_name} | email)


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep the name under which a business trades."""
    await uow.enter_tenant(event.company_id)
    await _keep(uow, event, event.provisioning_run)
    await MerchantRepository(uow).stop(event.company_id, False, envelope.time)


async def on_trade(event: TenantSuspended | TenantReactivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep whether a business may trade: while it may not, its customers are not billed."""
    await uow.enter_tenant(event.company_id)
    merchants = MerchantRepository(uow)
    await merchants.keep(event.company_id, name=event.company_name)
    await merchants.stop(event.company_id, isinstance(event, TenantSuspended), envelope.time)


async def on_provisioning_requested(
    event: ProvisioningRequested, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Do it again where identity has not heard that it was done."""
    if event.step == STEP:
        await uow.enter_tenant(event.company_id)
        await _keep(uow, event, event.run)


async def _keep(uow: UnitOfWork, event: TenantActivated | ProvisioningRequested, run: int | None) -> None:
    await MerchantRepository(uow).keep(
        event.company_id, name=event.company_name, email=event.owner_email, country=event.country
    )
    if run is not None:
        uow.emit(step_provisioned("payments", event.company_id, STEP, run))
