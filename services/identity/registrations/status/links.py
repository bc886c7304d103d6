"""The links by which applicants follow their applications."""

from datetime import timedelta
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.runtime.context import ServiceContext
from services.identity.registrations.models import Registration
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.status.tokens import StatusLinks, status_path


def links(context: ServiceContext) -> StatusLinks:
    """What writes and reads the tokens."""
    return StatusLinks(context.common.secret_key.get_secret_value(), accepted=context.common.other_keys)


def link_of(context: ServiceContext, registration: Registration) -> str:
    """The address at which an application is followed."""
    assert registration.link_expires_at is not None
    token = links(context).token(registration.id, registration.link_serial, registration.link_expires_at)
    return context.common.public_url.rstrip("/") + status_path(token)


def renew(uow: UnitOfWork, registration: Registration) -> None:
    """Replace the link; the one before is no longer good."""
    registration.link_serial += 1
    registration.link_expires_at = uow.now + timedelta(days=uow.context.settings.status_link_days)


async def reveal(uow: UnitOfWork, registration_id: UUID, email: str) -> str:
    """The address at which an application is followed, for the mail that is being sent to its owner.

    Raises:
        NotFound: the link was taken back or has expired, or the mail goes to somebody else.
    """
    found = await RegistrationRepository(uow).get(registration_id)
    is_good = found is not None and found.link_expires_at is not None and found.link_expires_at > uow.now
    if found is None or not is_good or found.owner_email.lower() != email.strip().lower():
        raise NotFound("There is no such link.", resource="registration")
    return link_of(uow.context, found)


async def followed(uow: UnitOfWork, token: str) -> Registration:
    """The application of a token, in the platform scope.

    Raises:
        NotFound: the token is not ours, has expired, or was replaced.
    """
    claim = links(uow.context).read(token, uow.now)
    found = None if claim is None else await RegistrationRepository(uow).get(claim.registration_id)
    # The time within the token is not enough: a link that was taken back has none.
    if claim is None or found is None or found.link_serial != claim.serial or found.link_expires_at is None:
        raise NotFound("The link is not good, or no longer.", resource="registration")
    return found
