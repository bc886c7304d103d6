"""What applicants and reviewers are told of registrations under review."""

from datetime import datetime
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.consumer import RetryLater
from libs.common.messaging.envelope import Envelope
from libs.contracts.identity import (
    RegistrationAssigned,
    RegistrationChangesRequested,
    RegistrationEscalated,
    RegistrationResubmitted,
    RegistrationSubmitted,
    StatusLinkRenewed,
)
from libs.contracts.status_links import StatusLinks, status_path
from services.notifications.announcements.handlers.audience import members
from services.notifications.announcements.service import About, Announcer
from services.notifications.announcements.target import Target
from services.notifications.recipients.service import OPERATOR_STAFF_ROLES, RecipientService


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Mail the applicant the link by which to follow the registration."""
    await uow.enter_tenant(event.company_id)
    if event.link_serial is None or event.link_expires_at is None:
        return
    name = f"{event.owner_first_name} {event.owner_last_name}".strip()
    variables = {
        "company": {"name": event.company_name},
        "link": _link(uow, event.registration_id, event.link_serial, event.link_expires_at),
    }
    owner = Target(event.owner_user_id, event.owner_email, name)
    await Announcer(uow).tell("registration_received", [owner], variables, key=str(envelope.id))


async def on_changes_requested(
    event: RegistrationChangesRequested, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Tell the applicant what is asked for, or remind of it."""
    await uow.enter_tenant(event.company_id)
    variables = {
        "company": {"name": event.company_name},
        "reason": event.reason,
        "asked_for": event.asked_for,
        "is_reminder": event.is_reminder,
        "link": _link(uow, event.registration_id, event.link_serial, event.link_expires_at),
    }
    about = About("registration", event.registration_id, f"/registrations/{event.registration_id}")
    owner = await _owner(uow, event.owner_user_id, event.owner_email)
    await Announcer(uow).tell(
        "registration_changes_requested", [owner], variables, key=str(envelope.id), about=about
    )


async def on_status_link_renewed(event: StatusLinkRenewed, uow: UnitOfWork, envelope: Envelope) -> None:
    """Mail the applicant the new link."""
    await uow.enter_tenant(event.company_id)
    variables = {
        "company": {"name": event.company_name},
        "link": _link(uow, event.registration_id, event.link_serial, event.link_expires_at),
    }
    owner = await _owner(uow, event.owner_user_id, event.owner_email)
    await Announcer(uow).tell("registration_link_renewed", [owner], variables, key=str(envelope.id))


async def on_turn_of_reviewers(
    event: RegistrationResubmitted | RegistrationAssigned | RegistrationEscalated,
    uow: UnitOfWork,
    envelope: Envelope,
) -> None:
    """Tell whoever of the staff is to look at a registration now: who has it, those of a role, or all."""
    await uow.enter_tenant(OPERATOR_TENANT_ID)
    role = None if isinstance(event, RegistrationAssigned) else event.assignee_role
    if event.assignee_id is not None:
        targets = await members(uow, [event.assignee_id])
    else:
        people = RecipientService(uow)
        found = await people.staff(role) if role else []
        # Where nobody holds the role, it is for all to see to.
        targets = [Target.of(one) for one in found or await people.staff(*OPERATOR_STAFF_ROLES)]
    if not targets:
        raise RetryLater("nobody of the staff who is to be told is known yet")
    kind = {
        RegistrationResubmitted: "registration_resubmitted",
        RegistrationAssigned: "registration_assigned",
        RegistrationEscalated: "registration_escalated",
    }[type(event)]
    variables = {
        "company": {"name": event.company_name},
        "waiting_for": getattr(event, "waiting_for", "staff"),
    }
    about = About("registration", event.registration_id, f"/registrations/{event.registration_id}")
    await Announcer(uow).tell(kind, targets, variables, key=str(envelope.id), about=about)


def _link(uow: UnitOfWork, registration_id: UUID, serial: int, expires_at: datetime) -> str:
    common = uow.context.common
    links = StatusLinks(common.secret_key.get_secret_value(), accepted=common.other_keys)
    return common.public_url.rstrip("/") + status_path(links.token(registration_id, serial, expires_at))


async def _owner(uow: UnitOfWork, user_id: UUID, email: str) -> Target:
    known = (await RecipientService(uow).known([user_id])).get(user_id)
    return Target(user_id, email, known.name if known else "", known.locale if known else "en")
