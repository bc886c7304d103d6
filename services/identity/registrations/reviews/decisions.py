"""Approving and rejecting, whoever decides: staff by hand, or crm by a deal won or lost."""

from datetime import datetime
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition, NotFound
from libs.common.money import Money
from libs.contracts.identity import RegistrationRejected, TenantActivated, TenantSuspended
from services.identity.members.repository import MemberRepository
from services.identity.registrations.models import Registration, RegistrationStatus
from services.identity.registrations.provisioning.service import Provisioning
from services.identity.registrations.repository import RegistrationRepository
from services.identity.registrations.requirements.needs import NeedsService
from services.identity.registrations.reviews import clock
from services.identity.registrations.reviews.models import Via
from services.identity.registrations.reviews.repository import VoteRepository
from services.identity.registrations.rules.choosing import Terms
from services.identity.registrations.rules.models import DealCounts
from services.identity.registrations.rules.repository import RuleRepository
from services.identity.registrations.timeline.repository import Timeline
from services.identity.tenants.models import Tenant, TenantStatus
from services.identity.tenants.repository import TenantRepository


class Decisions:
    """The newest fact wins. A fact that happened before the last decision, or that says the same again, changes nothing.

    Needs the platform scope. The application's row is locked first, then the business's, then the steps.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = RegistrationRepository(uow)

    async def find(self, registration_id: UUID) -> Registration:
        """The application, locked.

        Raises:
            NotFound: there is none.
        """
        found = await self.rows.get(registration_id, lock=True)
        if found is None:
            raise NotFound("There is no such registration.", resource="registration")
        return found

    async def approve(
        self,
        registration: Registration,
        *,
        at: datetime,
        by: str | None,
        reason: str | None,
        via: Via,
        terms: Terms,
    ) -> bool:
        """Let a business trade; say whether this changed anything."""
        if not self._decide(registration, RegistrationStatus.APPROVED, at=at, by=by, reason=reason, via=via):
            return False
        registration.approvals_needed = terms.approvals
        await self.rows.save(registration)
        tenant = await self._tenant(registration)
        if tenant.status in (TenantStatus.PENDING, TenantStatus.REJECTED):
            tenant.status, tenant.status_reason = TenantStatus.ACTIVE, None
            tenant.activated_at = self.uow.now
            await TenantRepository(self.uow).save(tenant)
            run = await Provisioning(self.uow).begin(registration)
            self.uow.emit(
                TenantActivated(
                    company_id=tenant.id,
                    company_name=tenant.name,
                    owner_user_id=registration.owner_user_id,
                    owner_email=registration.owner_email,
                    registration_id=registration.id,
                    country=tenant.country,
                    currency=tenant.currency,
                    provisioning_run=run,
                ),
                tenant_id=tenant.id,
            )
        return True

    async def reject(
        self, registration: Registration, *, at: datetime, by: str | None, reason: str | None, via: Via
    ) -> bool:
        """Turn a business down; say whether this changed anything."""
        if not self._decide(registration, RegistrationStatus.REJECTED, at=at, by=by, reason=reason, via=via):
            return False
        await self.rows.save(registration)
        tenant = await self._tenant(registration)
        traded = tenant.status == TenantStatus.ACTIVE
        if tenant.status != TenantStatus.CLOSED:
            tenant.status, tenant.status_reason = TenantStatus.REJECTED, reason
        # One that is closed now would trade again when it is opened again.
        tenant.activated_at = None
        await TenantRepository(self.uow).save(tenant)
        run = await Provisioning(self.uow).cancel(registration)
        if traded:
            stopped = TenantSuspended(company_id=tenant.id, company_name=tenant.name, reason="rejected")
            self.uow.emit(stopped, tenant_id=tenant.id)
        self.uow.emit(
            RegistrationRejected(
                registration_id=registration.id,
                company_id=tenant.id,
                company_name=tenant.name,
                owner_user_id=registration.owner_user_id,
                owner_email=registration.owner_email,
                reason=reason,
                provisioning_run=run,
            ),
            tenant_id=tenant.id,
        )
        return True

    async def deal_won(
        self,
        registration: Registration,
        *,
        at: datetime,
        by: str,
        voter_id: UUID,
        amount: Money,
        reason: str | None,
    ) -> None:
        """Take in that the deal was won: it decides, unless a rule counts it as one of the approvals needed.

        `voter_id` is who won it, so that nobody approves twice; where that is not known, the deal itself.
        """
        is_newest = await self.deal_worth(registration, at=at, amount=amount)
        if registration.status != RegistrationStatus.APPROVED and await self._ignores(registration, voter_id):
            Timeline(self.uow).add(registration, "deal_ignored", actor=by)
            return
        terms = await RuleRepository(self.uow).terms(registration)
        if terms.deal_counts != DealCounts.VOTE:
            await self.approve(registration, at=at, by=by, reason=reason, via=Via.DEAL, terms=terms)
            return
        is_old = registration.decided_at is not None and at < registration.decided_at
        # One that is not the newest was reopened since, and with that its approval was taken back.
        if registration.status == RegistrationStatus.APPROVED or is_old or not is_newest:
            return
        if registration.status == RegistrationStatus.REJECTED:
            await self._reopen(registration, terms, at, by)
        votes = VoteRepository(self.uow, registration)
        if await votes.add(via=Via.DEAL, voter_id=voter_id, right_of_id=voter_id, reason=reason):
            await self.count(registration, terms, at=at, by=by, reason=reason, via=Via.DEAL)

    async def deal_worth(self, registration: Registration, *, at: datetime, amount: Money) -> bool:
        """Note what the deal is worth, for the rules that depend on it; False where something newer is known of it."""
        if registration.deal_at is not None and at < registration.deal_at:
            return False
        registration.deal_at = at
        registration.deal_minor, registration.deal_currency = amount.amount, amount.currency
        if registration.is_open:
            terms = await RuleRepository(self.uow).terms(registration)
            registration.approvals_needed = terms.approvals
            if registration.due_at is None:
                clock.start(registration, terms, self.uow.now)
        return True

    async def deal_reopened(
        self, registration: Registration, *, at: datetime, by: str | None, amount: Money
    ) -> None:
        """Take back the approval that the deal was, while nothing is decided. A decision stays as it is."""
        is_newest = await self.deal_worth(registration, at=at, amount=amount)
        votes = VoteRepository(self.uow, registration)
        if is_newest and registration.is_open and await votes.withdraw(via=Via.DEAL):
            Timeline(self.uow).add(registration, "approval_withdrawn", actor=by, data={"via": Via.DEAL})
            self.uow.audit("approval_withdrawn", "registration", registration.id, before={"via": Via.DEAL})
            await self.rows.save(registration)

    async def check_not_closed(self, registration: Registration) -> None:
        """Refuse to approve a business that has closed.

        Raises:
            InvalidTransition: it has.
        """
        if (await self._tenant(registration)).status == TenantStatus.CLOSED:
            raise InvalidTransition("The company is closed.", current_status=registration.status)

    async def _ignores(self, registration: Registration, voter_id: UUID) -> bool:
        """Whether a deal approves nothing: its winner belongs to the business, or the business has closed."""
        if await MemberRepository(self.uow).belongs(voter_id, registration.tenant_id):
            return True
        return (await self._tenant(registration)).status == TenantStatus.CLOSED

    async def count(
        self,
        registration: Registration,
        terms: Terms,
        *,
        at: datetime,
        by: str,
        reason: str | None,
        via: Via,
        on_behalf_of_id: UUID | None = None,
    ) -> bool:
        """Approve where enough have approved, and else note that one more has; say whether it is approved."""
        given = await VoteRepository(self.uow, registration).count()
        registration.approvals_needed = terms.approvals
        Timeline(self.uow).add(
            registration,
            "approval_given",
            message=reason,
            actor=by,
            on_behalf_of_id=on_behalf_of_id,
            data={"given": given, "needed": terms.approvals, "via": via},
        )
        if given >= terms.approvals:
            return await self.approve(registration, at=at, by=by, reason=reason, via=Via.VOTES, terms=terms)
        self.uow.audit(
            "approval_given",
            "registration",
            registration.id,
            after={"given": given, "needed": terms.approvals},
        )
        await self.rows.save(registration)
        return False

    async def _reopen(self, registration: Registration, terms: Terms, at: datetime, by: str) -> None:
        registration.status, registration.reason = RegistrationStatus.SUBMITTED, None
        registration.decided_at, registration.decided_by, registration.decided_via = at, None, None
        registration.round += 1
        clock.start(registration, terms, self.uow.now)
        Timeline(self.uow).add(registration, "reopened", is_public=True, actor=by)
        tenant = await self._tenant(registration)
        if tenant.status == TenantStatus.REJECTED:
            tenant.status, tenant.status_reason = TenantStatus.PENDING, None
            await TenantRepository(self.uow).save(tenant)
        await self.rows.save(registration)
        # Results of checks are those of a round.
        await NeedsService(self.uow, registration).run_checks()

    def _decide(
        self,
        registration: Registration,
        status: RegistrationStatus,
        *,
        at: datetime,
        by: str | None,
        reason: str | None,
        via: Via,
    ) -> bool:
        is_old = registration.decided_at is not None and at < registration.decided_at
        if is_old:
            return False
        if registration.status == status:
            # Said again, later: what happened in between and arrives after this is old.
            registration.decided_at = at
            return False
        before = registration.status
        registration.status, registration.reason = status, reason
        registration.decided_at, registration.decided_by, registration.decided_via = at, by, via
        clock.stop(registration)
        Timeline(self.uow).add(
            registration, str(status), is_public=True, message=reason, actor=by, data={"via": via}
        )
        self.uow.audit(
            str(status),
            "registration",
            registration.id,
            before={"status": before},
            after={"status": status, "reason": reason},
        )
        return True

    async def _tenant(self, registration: Registration) -> Tenant:
        tenant = await TenantRepository(self.uow).get(registration.tenant_id, lock=True)
        assert tenant is not None
        return tenant
