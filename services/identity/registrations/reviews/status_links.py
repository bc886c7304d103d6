"""The link by which an applicant follows his application: renewed and taken back, by him or by staff."""

from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.contracts.identity import StatusLinkRenewed
from services.identity.registrations.models import Registration
from services.identity.registrations.reviews.decisions import Decisions
from services.identity.registrations.service import RegistrationService
from services.identity.registrations.status import links
from services.identity.registrations.timeline.repository import Timeline


class StatusLinkService:
    """The links of applications, in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.seen = RegistrationService(uow)

    async def renew(self, registration_id: UUID) -> Registration:
        """Replace the link by which the applicant follows the application, and mail the new one: applicant or staff."""
        registration = await self._find(registration_id)
        links.renew(self.uow, registration)
        await self._note(registration, "link_renewed")
        assert registration.link_expires_at is not None
        self.uow.emit(
            StatusLinkRenewed(
                registration_id=registration.id,
                company_id=registration.tenant_id,
                company_name=registration.company_name,
                owner_user_id=registration.owner_user_id,
                owner_email=registration.owner_email,
                link_serial=registration.link_serial,
                link_expires_at=registration.link_expires_at,
            ),
            tenant_id=registration.tenant_id,
        )
        return registration

    async def revoke(self, registration_id: UUID) -> None:
        """Take the link back; there is none until it is renewed."""
        registration = await self._find(registration_id)
        registration.link_serial += 1
        registration.link_expires_at = None
        await self._note(registration, "link_revoked")

    async def _find(self, registration_id: UUID) -> Registration:
        if await self.seen.rights.may_read():
            await self.seen.rights.reviewer()
            return await Decisions(self.uow).find(registration_id)
        return await self.seen.own(registration_id)

    async def _note(self, registration: Registration, kind: str) -> None:
        Timeline(self.uow).add(registration, kind)
        await self.seen.rows.save(registration)
        self.uow.audit(kind, "registration", registration.id)
