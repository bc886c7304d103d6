"""What people are told of registrations."""

from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.failures import RetryLater
from libs.contracts.identity import (
    DomainProofMissing,
    InvitationSent,
    OneTimeLinkMade,
    RegistrationRejected,
    RegistrationSubmitted,
    TenantActivated,
)
from services.notifications.announcements.handlers.audience import shop_staff
from services.notifications.announcements.kinds import KINDS, ChannelName
from services.notifications.announcements.service import About, Announcer
from services.notifications.announcements.target import Target
from services.notifications.deliveries.late_link import INVITATIONS, LINK_ID, LINK_KIND, MARK
from services.notifications.deliveries.service import DeliveryService, NewDelivery
from services.notifications.recipients.service import OPERATOR_STAFF_ROLES, RecipientService
from services.notifications.templates.texts import TextBook


async def on_registration_submitted(
    event: RegistrationSubmitted, uow: UnitOfWork, envelope: Envelope
) -> None:
    """Tell the platform's staff that a business wants to join."""
    await uow.enter_tenant(OPERATOR_TENANT_ID)
    staff = await RecipientService(uow).staff(*OPERATOR_STAFF_ROLES)
    if not staff:
        raise RetryLater("no staff of the platform is known yet")
    variables = {
        "company": {"name": event.company_name},
        "owner": {
            "name": f"{event.owner_first_name} {event.owner_last_name}".strip(),
            "email": event.owner_email,
        },
        "product": {"sku": event.product},
    }
    about = About("registration", event.registration_id, f"/registrations/{event.registration_id}")
    await Announcer(uow).tell(
        "registration_submitted", [Target.of(r) for r in staff], variables, key=str(envelope.id), about=about
    )


async def on_tenant_activated(event: TenantActivated, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the owner that the business may trade."""
    await uow.enter_tenant(event.company_id)
    owner = await _owner(uow, event.owner_user_id, event.owner_email)
    variables = {"company": {"name": event.company_name}, "link": uow.context.common.public_url}
    about = About("tenant", event.company_id, f"/tenants/{event.company_id}")
    await Announcer(uow).tell("company_activated", [owner], variables, key=str(envelope.id), about=about)


async def on_registration_rejected(event: RegistrationRejected, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell the applicant that the business was turned down."""
    await uow.enter_tenant(event.company_id)
    owner = await _owner(uow, event.owner_user_id, event.owner_email)
    variables = {"company": {"name": event.company_name}, "reason": event.reason}
    await Announcer(uow).tell("company_rejected", [owner], variables, key=str(envelope.id))


async def on_domain_proof_missing(event: DomainProofMissing, uow: UnitOfWork, envelope: Envelope) -> None:
    """Tell those who run the business that a host name is about to be lost, or that it is."""
    await uow.enter_tenant(event.company_id)
    variables = {
        "host": event.host,
        "record": event.record,
        "is_lost": event.is_lost,
        "lost_on": event.lost_at.date().isoformat(),
    }
    about = About("domain", event.domain_id, "/settings/domains")
    people = await shop_staff(uow, envelope, "owner", "admin")
    await Announcer(uow).tell("domain_proof_missing", people, variables, key=str(envelope.id), about=about)


async def on_one_time_link_made(event: OneTimeLinkMade, uow: UnitOfWork, envelope: Envelope) -> None:
    """Mail a link that works once to who asked for it; the link itself is put in as the mail leaves."""
    kind = KINDS.get(event.purpose)
    if kind is None or not kind.is_asked_for:
        return
    book = await TextBook.load(uow, kind.name, [event.locale])
    variables = {"name": event.name, "link": MARK, "valid": {"minutes": event.valid_minutes}}
    filled = book.fill(ChannelName.EMAIL, event.locale, variables)
    mail = NewDelivery(
        channel=ChannelName.EMAIL,
        type=kind.name,
        recipient=event.email,
        user_id=event.user_id,
        subject=filled.subject,
        text=filled.text,
        html=filled.html,
        data={LINK_ID: str(event.link_id)},
        dedupe_key=f"{envelope.id}:{kind.name}",
    )
    await DeliveryService(uow).start([mail])


async def on_invitation_sent(event: InvitationSent, uow: UnitOfWork, envelope: Envelope) -> None:
    """Mail an invitation to join a business; the link is put in as the mail leaves."""
    kind = KINDS["invitation"]
    book = await TextBook.load(uow, kind.name, [event.locale])
    variables = {
        "company": {"name": event.company_name},
        "inviter": {"name": event.invited_by_name},
        "link": MARK,
    }
    filled = book.fill(ChannelName.EMAIL, event.locale, variables)
    mail = NewDelivery(
        channel=ChannelName.EMAIL,
        type=kind.name,
        recipient=event.email,
        user_id=None,
        subject=filled.subject,
        text=filled.text,
        html=filled.html,
        data={LINK_ID: str(event.invitation_id), LINK_KIND: INVITATIONS},
        dedupe_key=f"{event.invitation_id}:{event.serial}:{kind.name}",
    )
    await DeliveryService(uow).start([mail])


async def _owner(uow: UnitOfWork, user_id: UUID, email: str) -> Target:
    """The owner by what the event says; name and language where his membership is known already."""
    known = (await RecipientService(uow).known([user_id])).get(user_id)
    return Target(user_id, email, known.name if known else "", known.locale if known else "en")
