"""The review of applications: who has it, what is asked for, and what each reviewer says."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, ValidationFailed
from libs.common.messaging.outbox import actor_label
from libs.contracts.identity import (
    RegistrationAssigned,
    RegistrationChangesRequested,
    RegistrationResubmitted,
    StatusLinkRenewed,
)
from libs.contracts.values import Business
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.requirements.errors import RequirementsNotMet
from services.identity.registrations.requirements.needs import Needs, NeedsService
from services.identity.registrations.reviews import clock
from services.identity.registrations.reviews.decisions import Decisions
from services.identity.registrations.reviews.errors import AlreadyApproved
from services.identity.registrations.reviews.models import Via
from services.identity.registrations.reviews.repository import VoteRepository, staff_may
from services.identity.registrations.reviews.rights import DECIDE, Reviewer
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.registrations.schemas import ApproveIn, BusinessIn, RequestChangesIn, ResubmitIn
from services.identity.registrations.service import RegistrationService
from services.identity.registrations.status import links
from services.identity.registrations.timeline.repository import Timeline
from services.identity.tenants.countries import currency_of
from services.identity.tenants.repository import TenantRepository

_BUSINESS_FIELDS = frozenset(BusinessIn.model_fields)


class ReviewService:
    """What staff and applicants do with an application, in the platform scope. Each step locks its row first."""

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
        _check_known("requirements", [*body.requirements, *body.fields], needs, _BUSINESS_FIELDS)
        registration.asked_for = sorted({*body.requirements, *body.fields})
        # Who finds something missing approves of it no more.
        if await VoteRepository(self.uow, registration).withdraw(via=Via.STAFF, voter_id=reviewer.id):
            self.timeline.add(registration, "approval_withdrawn", data={"via": Via.STAFF})
        # What is asked for must be there again, so no waiver stands in its way.
        registration.waived = [code for code in registration.waived if code not in registration.asked_for]
        await self._step(
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

    async def resubmit(self, registration_id: UUID, body: ResubmitIn) -> Registration:
        """Hand the application in again; the business takes over what it says of it.

        Raises:
            InvalidTransition: no changes were requested.
            RequirementsNotMet: something that was asked for is not there.
        """
        registration = await self.seen.own(registration_id)
        if registration.status != RegistrationStatus.CHANGES_REQUESTED:
            raise InvalidTransition("No changes were requested.", current_status=registration.status)
        before = (registration.business, registration.answers)
        if body.business is not None:
            await self._take_over(registration, body.business.changes())
        needs_service = NeedsService(self.uow, registration)
        if body.fields:
            await needs_service.answer(body.fields)
        if (registration.business, registration.answers) != before:
            await self.seen.withdraw_approvals(registration)
        needs = await needs_service.view()
        missing = [
            need.requirement.code
            for need in needs.items
            if need.is_asked_for and need.state == "missing" and need.requirement.kind != "check"
        ]
        missing += [
            n for n in registration.asked_for if n in _BUSINESS_FIELDS and not registration.business.get(n)
        ]
        if missing:
            raise RequirementsNotMet(f"Still missing: {', '.join(missing)}.", missing=missing)
        # Whoever approved what has not changed since need not say so again.
        await VoteRepository(self.uow, registration).carry_on()
        registration.round += 1
        registration.asked_for = []
        await self._step(
            registration, RegistrationStatus.SUBMITTED, None, "resubmitted", message=body.message
        )
        await needs_service.run_checks()
        self.uow.emit(
            RegistrationResubmitted(
                registration_id=registration.id,
                company_id=registration.tenant_id,
                company_name=registration.company_name,
                assignee_id=registration.assignee_id,
                assignee_role=registration.assignee_role,
                business=Business(**registration.business),
            ),
            tenant_id=OPERATOR_TENANT_ID,
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

    async def renew_link(self, registration_id: UUID) -> Registration:
        """Replace the link by which the applicant follows the application, and mail the new one: applicant or staff."""
        registration = await self._linked(registration_id)
        links.renew(self.uow, registration)
        await self._note_link(registration, "link_renewed")
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

    async def revoke_link(self, registration_id: UUID) -> None:
        """Take the link back; there is none until it is renewed."""
        registration = await self._linked(registration_id)
        registration.link_serial += 1
        registration.link_expires_at = None
        await self._note_link(registration, "link_revoked")

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

    async def _linked(self, registration_id: UUID) -> Registration:
        if await self.rights.may_read():
            await self.rights.reviewer()
            return await self.decisions.find(registration_id)
        return await self.seen.own(registration_id)

    async def _note_link(self, registration: Registration, kind: str) -> None:
        self.timeline.add(registration, kind)
        await self.seen.rows.save(registration)
        self.uow.audit(kind, "registration", registration.id)

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

    async def _take_over(self, registration: Registration, sent: Mapping[str, Any]) -> None:
        country = registration.country
        registration.business = {**registration.business, **sent}
        registration.company_name = registration.business["name"]
        tenant = await TenantRepository(self.uow).get(registration.tenant_id, lock=True)
        assert tenant is not None
        for name, value in sent.items():
            setattr(tenant, name, value)
        # Its currency follows its country, unless the business has chosen another.
        if tenant.currency == currency_of(country):
            tenant.currency = currency_of(registration.country)
        await TenantRepository(self.uow).save(tenant)

    async def _step(
        self,
        registration: Registration,
        after: RegistrationStatus,
        reason: str | None,
        kind: str,
        *,
        message: str | None = None,
        on_behalf_of_id: UUID | None = None,
        data: dict[str, object] | None = None,
    ) -> None:
        before = registration.status
        registration.status, registration.reason = after, reason
        clock.start(registration, await RuleRepository(self.uow).terms(registration), self.uow.now)
        self.timeline.add(
            registration,
            kind,
            message=message or reason,
            is_public=True,
            on_behalf_of_id=on_behalf_of_id,
            data=data,
        )
        await self.seen.rows.save(registration)
        self.uow.tag(registration.version)
        self.uow.audit(
            str(after), "registration", registration.id, before={"status": before}, after={"status": after}
        )

    def _require(self, registration: Registration, status: RegistrationStatus) -> None:
        if registration.status != status:
            raise InvalidTransition(
                f"The registration is {registration.status}.", current_status=registration.status
            )


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


def _check_known(name: str, codes: Iterable[str], needs: Needs, business_fields: Collection[str]) -> None:
    known = {need.requirement.code for need in needs.items} | set(business_fields)
    if strange := sorted(set(codes) - known):
        raise ValidationFailed.of(name, f"not known: {', '.join(strange)}", "unknown")


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
