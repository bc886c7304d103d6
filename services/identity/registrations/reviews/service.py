"""The review of applications: who has it, what is asked for, and what each reviewer says."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, ValidationFailed
from libs.common.messaging.outbox import actor_label
from libs.contracts.identity import RegistrationAssigned
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.requirements.errors import RequirementsNotMet
from services.identity.registrations.requirements.needs import Needs, NeedsService
from services.identity.registrations.reviews.decisions import Decisions
from services.identity.registrations.reviews.errors import AlreadyApproved
from services.identity.registrations.reviews.facts import changes_requested
from services.identity.registrations.reviews.models import Via
from services.identity.registrations.reviews.repository import VoteRepository, staff_may
from services.identity.registrations.reviews.rights import DECIDE, Reviewer
from services.identity.registrations.reviews.steps import step
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.registrations.schemas import BUSINESS_FIELDS, ApproveIn, RequestChangesIn
from services.identity.registrations.service import RegistrationService
from services.identity.registrations.timeline.repository import Timeline


class ReviewService:
    """What staff do with an application, in the platform scope. Each step locks its row first."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.seen = RegistrationService(uow)
        self.rights = self.seen.rights
        self.decisions = Decisions(uow)
        self.timeline = Timeline(uow)

    async def approve(self, registration_id: UUID, body: ApproveIn) -> Registration:
        """Give an approval; with as many as are needed the business trades.

        Raises:
            InvalidTransition: it is decided already, or the business has closed.
            ValidationFailed: it has no requirement of those to waive.
            OwnRegistration, AlreadyApproved, RequirementsNotMet.
        """
        reviewer, registration = await self._reviewed(registration_id)
        await self.decisions.check_not_closed(registration)
        needs = await NeedsService(self.uow, registration).view()
        _check_known("waive", body.waive, needs, ())
        registration.waived = sorted({*registration.waived, *body.waive})
        missing = [code for code in needs.missing if code not in registration.waived]
        if missing:
            raise RequirementsNotMet(
                f"Not there: {', '.join(missing)}. Ask for it, or waive it.", missing=missing
            )
        right = await self._vote(reviewer, registration, body.reason)
        if body.waive:
            self.timeline.add(registration, "waived", data={"requirements": sorted(body.waive)})
        terms = await RuleRepository(self.uow).terms(registration)
        await self.decisions.count(
            registration,
            terms,
            at=self._now(registration),
            by=actor_label(self.uow.actor),
            reason=body.reason,
            via=Via.STAFF,
            on_behalf_of_id=right if right != reviewer.id else None,
        )
        return registration

    async def reject(self, registration_id: UUID, reason: str) -> Registration:
        """Turn the business down.

        Raises:
            InvalidTransition: it is decided already.
            OwnRegistration.
        """
        _, registration = await self._reviewed(registration_id)
        await self.decisions.reject(
            registration,
            at=self._now(registration),
            by=actor_label(self.uow.actor),
            reason=reason,
            via=Via.STAFF,
        )
        return registration

    async def request_changes(self, registration_id: UUID, body: RequestChangesIn) -> Registration:
        """Ask the applicant to change or supply something.

        Raises:
            InvalidTransition: it is not with staff.
            ValidationFailed: the application has no such requirement or field.
        """
        reviewer, registration = await self._reviewed(registration_id)
        self._require(registration, RegistrationStatus.SUBMITTED)
        needs = await NeedsService(self.uow, registration).view()
        _check_known("requirements", [*body.requirements, *body.fields], needs, BUSINESS_FIELDS)
        registration.asked_for = sorted({*body.requirements, *body.fields})
        # Who finds something missing approves of it no more.
        if await VoteRepository(self.uow, registration).withdraw(via=Via.STAFF, voter_id=reviewer.id):
            self.timeline.add(registration, "approval_withdrawn", data={"via": Via.STAFF})
        # What is asked for must be there again, so no waiver stands in its way.
        registration.waived = [code for code in registration.waived if code not in registration.asked_for]
        await step(
            self.uow,
            registration,
            RegistrationStatus.CHANGES_REQUESTED,
            body.reason,
            "changes_requested",
            on_behalf_of_id=reviewer.on_behalf_of_id,
            data={"asked_for": registration.asked_for},
        )
        labels = {need.requirement.code: need.requirement.label for need in needs.items}
        self.uow.emit(
            changes_requested(registration, self.uow, labels, is_reminder=False),
            tenant_id=registration.tenant_id,
        )
        return registration

    async def assign(self, registration_id: UUID, assignee_id: UUID | None) -> Registration:
        """Give an open application to somebody of the staff, by default to the caller.

        Raises:
            InvalidTransition: it is decided already.
            ValidationFailed: that person may not decide.
        """
        reviewer, registration = await self._reviewed(registration_id)
        wanted = assignee_id or self.uow.actor.user_id
        if wanted is None:
            raise ValidationFailed.of("assignee_id", "name a person")
        if wanted != self.uow.actor.user_id and not await staff_may(self.uow, wanted, DECIDE):
            raise ValidationFailed.of("assignee_id", "must be somebody of the staff who may decide")
        await self.rights.check_not_own(registration, wanted)
        self._reassign(registration, wanted, "assigned", reviewer)
        await self.seen.rows.save(registration)
        self.uow.emit(
            RegistrationAssigned(
                registration_id=registration.id, company_name=registration.company_name, assignee_id=wanted
            ),
            tenant_id=OPERATOR_TENANT_ID,
        )
        return registration

    async def unassign(self, registration_id: UUID) -> Registration:
        """Give an open application back to all."""
        reviewer, registration = await self._reviewed(registration_id)
        self._reassign(registration, None, "unassigned", reviewer)
        await self.seen.rows.save(registration)
        return registration

    async def run_checks(self, registration_id: UUID) -> Registration:
        """Run the checks of an open application again."""
        _, registration = await self._reviewed(registration_id)
        results = await NeedsService(self.uow, registration).run_checks()
        outcomes = {result.requirement: result.outcome for result in results}
        self.uow.audit("checks_run", "registration", registration.id, after=outcomes)
        return registration

    async def _reviewed(self, registration_id: UUID) -> tuple[Reviewer, Registration]:
        """The caller as a reviewer, and the open application, locked."""
        reviewer = await self.rights.reviewer()
        registration = await self.decisions.find(registration_id)
        if not registration.is_open:
            raise InvalidTransition(
                f"The registration is {registration.status} already.", current_status=registration.status
            )
        await self.rights.check_not_own(registration, reviewer.id)
        self.uow.tag(registration.version)
        return reviewer, registration

    def _now(self, registration: Registration) -> datetime:
        # The clock of the service of deals may be ahead of ours, and what is decided by hand is the newest fact.
        return max(self.uow.now, registration.decided_at or self.uow.now)

    async def _vote(self, reviewer: Reviewer, registration: Registration, reason: str | None) -> UUID:
        votes = VoteRepository(self.uow, registration)
        for right in reviewer.rights_of:
            if right != reviewer.id:
                await self.rights.check_not_own(registration, right)
            if await votes.add(via=Via.STAFF, voter_id=reviewer.id, right_of_id=right, reason=reason):
                return right
        raise AlreadyApproved("Somebody else must approve it, too.")

    def _reassign(
        self, registration: Registration, assignee_id: UUID | None, kind: str, reviewer: Reviewer
    ) -> None:
        before = {"assignee_id": _text(registration.assignee_id), "assignee_role": registration.assignee_role}
        registration.assignee_id, registration.assignee_role = assignee_id, None
        after = {"assignee_id": _text(assignee_id), "assignee_role": None}
        self.timeline.add(
            registration,
            kind,
            on_behalf_of_id=reviewer.on_behalf_of_id,
            data={"assignee_id": _text(assignee_id)},
        )
        self.uow.audit(kind, "registration", registration.id, before=before, after=after)

    def _require(self, registration: Registration, status: RegistrationStatus) -> None:
        if registration.status != status:
            raise InvalidTransition(
                f"The registration is {registration.status}.", current_status=registration.status
            )


def _check_known(name: str, codes: Iterable[str], needs: Needs, business_fields: Collection[str]) -> None:
    known = {need.requirement.code for need in needs.items} | set(business_fields)
    if strange := sorted(set(codes) - known):
        raise ValidationFailed.of(name, f"not known: {', '.join(strange)}", "unknown")


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
