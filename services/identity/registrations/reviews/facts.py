"""What is told of the review of an application."""

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.identity import RegistrationChangesRequested
from services.identity.registrations.models import Registration
from services.identity.registrations.status import links


def changes_requested(
    registration: Registration, uow: UnitOfWork, labels: dict[str, str], *, is_reminder: bool
) -> RegistrationChangesRequested:
    """What the applicant is told; a link that has run out is replaced."""
    if registration.link_expires_at is None or registration.link_expires_at <= uow.now:
        links.renew(uow, registration)
    assert registration.link_expires_at is not None
    return RegistrationChangesRequested(
        registration_id=registration.id,
        company_id=registration.tenant_id,
        company_name=registration.company_name,
        owner_user_id=registration.owner_user_id,
        owner_email=registration.owner_email,
        reason=registration.reason,
        asked_for=[labels.get(name, name.replace("_", " ")) for name in registration.asked_for],
        due_at=registration.due_at,
        is_reminder=is_reminder,
        link_serial=registration.link_serial,
        link_expires_at=registration.link_expires_at,
    )
