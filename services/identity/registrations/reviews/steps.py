"""From one state of an application to the next."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.reviews import clock
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.registrations.timeline.repository import Timeline


async def step(
    uow: UnitOfWork,
    registration: Registration,
    after: RegistrationStatus,
    reason: str | None,
    kind: str,
    *,
    message: str | None = None,
    on_behalf_of_id: UUID | None = None,
    data: dict[str, object] | None = None,
) -> None:
    """Write that an application is in another state, where all look who follow it, and start the time that it has there."""
    before = registration.status
    registration.status, registration.reason = after, reason
    clock.start(registration, await RuleRepository(uow).terms(registration), uow.now)
    Timeline(uow).add(
        registration,
        kind,
        message=message or reason,
        is_public=True,
        on_behalf_of_id=on_behalf_of_id,
        data=data,
    )
    await RegistrationRepository(uow).save(registration)
    uow.tag(registration.version)
    uow.audit(str(after), "registration", registration.id, before={"status": before}, after={"status": after})
