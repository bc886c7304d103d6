"""Applications as staff and applicants see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound, PermissionDenied, TenantRequired
from libs.common.filters import ListQuery
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.provisioning.models import Step, StepState
from services.identity.registrations.provisioning.repository import StepRepository
from services.identity.registrations.provisioning.service import Provisioning
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.requirements.models import Document
from services.identity.registrations.requirements.needs import NeedsService
from services.identity.registrations.requirements.repository import CheckRepository, DocumentRepository
from services.identity.registrations.requirements.schemas import DocumentIn, FieldsIn
from services.identity.registrations.reviews.models import Via
from services.identity.registrations.reviews.repository import VoteRepository
from services.identity.registrations.reviews.rights import Rights
from services.identity.registrations.schemas import RegistrationOut
from services.identity.registrations.timeline.repository import Timeline, TimelineRepository

SEE, OWN = "identity.applications.read", "identity.applications.write"


class RegistrationService:
    """Applications over all businesses, in the platform scope; an applicant reaches its own."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = RegistrationRepository(uow)
        self.rights = Rights(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page of applications, for staff."""
        rows, cursor = await self.rows.page(query)
        return {"items": rows, "next_cursor": cursor}

    async def counts(self) -> dict[str, Any]:
        """How many there are, by what a queue is looked at for."""
        counts = await self.rows.counts(self.uow.actor.user_id)
        return {**counts, "provisioning_failed": await StepRepository(self.uow).failed()}

    async def get(self, registration_id: UUID, *, lock: bool = False) -> Registration:
        """One application.

        Raises:
            NotFound: there is none that the caller may see.
        """
        found = await self.rows.get(registration_id, lock=lock)
        if found is None or not await self._sees(found):
            raise NotFound("There is no such registration.", resource="registration")
        self.uow.tag(found.version)
        return found

    async def own(self, registration_id: UUID, *, lock: bool = True) -> Registration:
        """One application, for its applicant to work on.

        Raises:
            NotFound: there is none that the caller may see.
            PermissionDenied: it is another's, or the caller may not in his business.
        """
        found = await self.get(registration_id, lock=lock)
        if not self._is_own(found) or not self.uow.actor.may(OWN):
            raise PermissionDenied(f"This needs the permission {OWN}.", required_permission=OWN)
        return found

    async def current(self) -> Registration | None:
        """The application of the business acted in, or None where it was set up without one.

        Raises:
            TenantRequired: no business is named.
            PermissionDenied: the caller may not see it.
        """
        tenant_id = self.uow.actor.tenant_id
        if tenant_id is None:
            raise TenantRequired("Name the business with the X-Company-Id header.")
        found = await self.rows.of_tenant(tenant_id)
        if found is not None and not await self._sees(found):
            raise PermissionDenied(f"This needs the permission {SEE}.", required_permission=SEE)
        return found

    async def detail(self, registration: Registration) -> dict[str, Any]:
        """An application with what it needs; what is between staff is not shown to the applicant."""
        is_staff = await self.rights.may_read()
        shown = {name: getattr(registration, name) for name in _FIELDS}
        if not is_staff:
            shown |= {"assignee_id": None, "assignee_role": None}
        needs = await NeedsService(self.uow, registration).view()
        approvals = await VoteRepository(self.uow, registration).all() if is_staff else []
        self.uow.tag(registration.version)
        return {**shown, "requirements": needs.to_json(), "approvals": approvals}

    async def timeline(self, registration_id: UUID, query: ListQuery) -> dict[str, Any]:
        """One page of what happened; the applicant sees what concerns him, and not who of the staff did it."""
        registration = await self.get(registration_id)
        is_staff = await self.rights.may_read()
        rows, cursor = await TimelineRepository(self.uow, registration, is_public=not is_staff).page(query)
        items = [{name: getattr(row, name) for name in _ENTRY} for row in rows]
        if not is_staff:
            mine = f"user:{registration.owner_user_id}"
            for item in items:
                item["actor"] = item["actor"] if item["actor"] == mine else None
                item["on_behalf_of_id"] = None
        return {"items": items, "next_cursor": cursor}

    async def needs(self, registration_id: UUID) -> dict[str, Any]:
        """What an application needs and what of it is there."""
        return (await NeedsService(self.uow, await self.get(registration_id)).view()).to_json()

    async def checks(self, registration_id: UUID) -> dict[str, Any]:
        """The newest result of each check."""
        return {"items": await CheckRepository(self.uow, await self.get(registration_id)).newest()}

    async def answer(self, registration_id: UUID, body: FieldsIn) -> dict[str, Any]:
        """Answer fields, as the applicant."""
        registration = await self.own(registration_id)
        needs = NeedsService(self.uow, registration)
        await needs.answer(body.fields)
        await self.withdraw_approvals(registration)
        await self.rows.save(registration)
        self.uow.tag(registration.version)
        self.uow.audit("fields_given", "registration", registration.id, after={"fields": sorted(body.fields)})
        return (await needs.view()).to_json()

    async def documents(self, registration_id: UUID, query: ListQuery) -> dict[str, Any]:
        """One page of documents."""
        rows, cursor = await DocumentRepository(self.uow, await self.get(registration_id)).page(query)
        return {"items": rows, "next_cursor": cursor}

    async def document(self, registration_id: UUID, document_id: UUID) -> Document:
        """A document with its bytes.

        Raises:
            NotFound: there is none that the caller may see.
        """
        registration = await self.get(registration_id)
        found = await DocumentRepository(self.uow, registration).whole(document_id)
        if found is None:
            raise NotFound("There is no such document.", resource="document")
        return found

    async def hand_in(self, registration_id: UUID, body: DocumentIn) -> Document:
        """Hand in a document, as the applicant."""
        registration = await self.own(registration_id)
        document = await NeedsService(self.uow, registration).hand_in(body)
        await self.withdraw_approvals(registration)
        await self.rows.save(registration)
        after = {"requirement": document.requirement, "sha256": document.sha256}
        self.uow.audit("document_given", "registration", registration.id, after=after)
        return document

    async def provisioning(self, registration_id: UUID) -> dict[str, Any]:
        """How far the setting up is."""
        registration = await self.get(registration_id)
        return shown(await StepRepository(self.uow).of(registration.tenant_id))

    async def retry_provisioning(self, registration_id: UUID) -> dict[str, Any]:
        """Try again what is not done."""
        registration = await self.get(registration_id, lock=True)
        steps = await Provisioning(self.uow).retry(registration)
        self.uow.audit("provisioning_retried", "registration", registration.id)
        return shown(steps)

    async def withdraw_approvals(self, registration: Registration) -> None:
        """Approvals of staff count for what was there when they were given, and what is there may change now.

        The deal judges nothing of what is handed in, and is won once.
        """
        is_changing = registration.status == RegistrationStatus.CHANGES_REQUESTED
        votes = VoteRepository(self.uow, registration)
        if is_changing and await votes.withdraw(via=Via.STAFF):
            Timeline(self.uow).add(registration, "approvals_withdrawn")

    async def _sees(self, registration: Registration) -> bool:
        # Customers of a shop act in its business as well.
        is_applicant = self._is_own(registration) and self.uow.actor.may(SEE)
        return is_applicant or await self.rights.may_read()

    def _is_own(self, registration: Registration) -> bool:
        return registration.tenant_id == self.uow.actor.tenant_id


def shown(steps: Sequence[Step]) -> dict[str, Any]:
    """Steps with what they come to: the worst of their states."""
    states = {step.state for step in steps}
    worst = next((s for s in _WORST if s in states), "none")
    return {"state": worst, "items": steps}


# The first of these that a step is in.
_WORST = (StepState.FAILED, StepState.RUNNING, StepState.CANCELLED, StepState.DONE)
_ENTRY = ("id", "kind", "actor", "on_behalf_of_id", "message", "data", "is_public", "created_at")
_FIELDS = tuple(RegistrationOut.model_fields)
