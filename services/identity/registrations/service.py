"""The review of registrations."""

from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound, PermissionDenied
from libs.common.filters import ListQuery
from services.identity.registrations.flows import Decisions
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.schemas import ResubmitIn
from services.identity.tenants.repository import TenantRepository

_STAFF_READ = "identity.registrations.read"
_OWN = "identity.applications.write"


class RegistrationService:
    """Applications over all businesses, in the platform scope; an applicant reaches its own."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = RegistrationRepository(uow)
        self.decisions = Decisions(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of applications, for staff."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def get(self, registration_id: UUID, *, lock: bool = False) -> Registration:
        """One application.

        Raises:
            NotFound: there is none that the caller may see.
        """
        found = await self.rows.get(registration_id, lock=lock)
        if found is None or not (self._is_staff or found.tenant_id == self.uow.actor.tenant_id):
            raise NotFound("There is no such registration.", resource="registration")
        self.uow.tag(found.version)
        return found

    async def approve(self, registration_id: UUID, reason: str | None) -> Registration:
        """Let the business trade."""
        return await self.decisions.decide_by_hand(registration_id, RegistrationStatus.APPROVED, reason)

    async def reject(self, registration_id: UUID, reason: str) -> Registration:
        """Turn the business down."""
        return await self.decisions.decide_by_hand(registration_id, RegistrationStatus.REJECTED, reason)

    async def request_changes(self, registration_id: UUID, reason: str) -> Registration:
        """Ask the applicant to change something first."""
        registration = await self.get(registration_id, lock=True)
        return await self._step(
            registration, RegistrationStatus.SUBMITTED, RegistrationStatus.CHANGES_REQUESTED, reason
        )

    async def resubmit(self, registration_id: UUID, body: ResubmitIn) -> Registration:
        """Hand the application in again; the business takes over what it says of it."""
        registration = await self.get(registration_id, lock=True)
        if not self.uow.actor.may(_OWN):
            raise PermissionDenied(f"This needs the permission {_OWN}.", required_permission=_OWN)
        if registration.status != RegistrationStatus.CHANGES_REQUESTED:
            raise InvalidTransition("No changes were requested.", current_status=registration.status)
        if body.business is not None:
            sent = body.business.model_dump(exclude_unset=True)
            registration.business = {**registration.business, **sent}
            registration.company_name = registration.business["name"]
            tenant = await TenantRepository(self.uow).get(registration.tenant_id, lock=True)
            assert tenant is not None
            for name, value in sent.items():
                setattr(tenant, name, value)
            await TenantRepository(self.uow).save(tenant)
        return await self._step(
            registration, RegistrationStatus.CHANGES_REQUESTED, RegistrationStatus.SUBMITTED, None
        )

    async def _step(
        self,
        registration: Registration,
        before: RegistrationStatus,
        after: RegistrationStatus,
        reason: str | None,
    ) -> Registration:
        if registration.status != before:
            raise InvalidTransition(
                f"The registration is {registration.status}.", current_status=registration.status
            )
        registration.status, registration.reason = after, reason
        await self.rows.save(registration)
        self.uow.tag(registration.version)
        self.uow.audit(
            str(after), "registration", registration.id, before={"status": before}, after={"status": after}
        )
        return registration

    @property
    def _is_staff(self) -> bool:
        return self.uow.actor.may(_STAFF_READ)
