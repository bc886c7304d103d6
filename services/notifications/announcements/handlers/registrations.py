"""What applicants and reviewers are told of registrations under review."""

from collections.abc import Mapping
from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.failures import RetryLater
from libs.contracts.identity import (
    RegistrationAssigned,
    RegistrationChangesRequested,
    RegistrationEscalated,
    RegistrationResubmitted,
    RegistrationSubmitted,
    StatusLinkRenewed,
)
from services.notifications.announcements.handlers.audience import members
from services.notifications.announcements.service import About, Announcer
from services.notifications.announcements.target import Target
from services.notifications.deliveries.late_link import LINK_ID, LINK_KIND, MARK, REGISTRATIONS
from services.notifications.recipients.service import OPERATOR_STAFF_ROLES, RecipientService


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Mail the applicant the link by which to follow the registration."""
    if event.link_serial is not None:
        name = f"{event.owner_first_name} {event.owner_last_name}".strip()
        await _mail(uow, "registration_received", event, envelope, name=name)


async def on_changes_requested(
    event: RegistrationChangesRequested, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Tell the applicant what is asked for, or remind of it."""
    about = About("registration", event.registration_id, f"/registrations/{event.registration_id}")
    said = {"reason": event.reason, "asked_for": event.asked_for, "is_reminder": event.is_reminder}
    await _mail(uow, "registration_changes_requested", event, envelope, about=about, said=said)


async def on_status_link_renewed(event: StatusLinkRenewed, uow: UnitOfWork, envelope: Envelope) -> None:
    """Mail the applicant the new link."""
    await _mail(uow, "registration_link_renewed", event, envelope)


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


async def _mail(
    uow: UnitOfWork,
    kind: str,
    event: RegistrationSubmitted | RegistrationChangesRequested | StatusLinkRenewed,
    envelope: Envelope,
    *,
    name: str = "",
    about: About | None = None,
    said: Mapping[str, Any] | None = None,
) -> None:
    """Tell the applicant; the link is put in as the mail leaves."""
    await uow.enter_tenant(event.company_id)
    known = (await RecipientService(uow).known([event.owner_user_id])).get(event.owner_user_id)
    owner = Target(
        event.owner_user_id,
        event.owner_email,
        known.name if known else name,
        known.locale if known else "en",
    )
    variables = {"company": {"name": event.company_name}, "link": MARK, **(said or {})}
    link = {LINK_ID: str(event.registration_id), LINK_KIND: REGISTRATIONS}
    await Announcer(uow).tell(kind, [owner], variables, key=str(envelope.id), about=about, late_link=link)
