"""What identity tells of businesses."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import RegistrationSubmitted, TenantActivated
from services.payments.merchants.repository import MerchantRepository


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Keep what the applicant said of its business."""
    await uow.enter_tenant(event.company_id)
    business = event.business
    await MerchantRepository(uow).keep(
        event.company_id,
        name=event.company_name,
        email=event.owner_email,
        registration_number=business.registration_number,
        phone=business.phone,
        website=business.website,
        address=business.address,
        country=business.country,
    )


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Keep the name under which a business trades."""
    await uow.enter_tenant(event.company_id)
    await MerchantRepository(uow).keep(
        event.company_id, name=event.company_name, email=event.owner_email, country=event.country
    )
