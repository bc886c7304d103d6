"""The rules of subscriptions: more at once, less at the end of the period, and what follows where nobody pays.

Nothing of a business is removed when its plan allows less: what there is stays, and no more can be added.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import InvalidTransition
from libs.contracts.audit import change_recorded
from libs.contracts.identity import PlanChanged
from services.identity.plans.errors import UnknownPlan
from services.identity.plans.models import Plan
from services.identity.plans.repository import PlanRepository
from services.identity.subscriptions.models import Subscription, SubscriptionStatus
from services.identity.subscriptions.periods import after, holding
from services.identity.subscriptions.repository import SubscriptionRepository
from services.identity.subscriptions.schemas import ChangePlan, SubscriptionOut, When

_TRIAL, _ACTIVE = SubscriptionStatus.TRIAL, SubscriptionStatus.ACTIVE
_GRACE, _ENDED = SubscriptionStatus.GRACE, SubscriptionStatus.ENDED


class SubscriptionService:
    """The subscriptions of businesses, in the platform scope, for plans are kept with the operator."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SubscriptionRepository(uow)
        self.plans = PlanRepository(uow)

    async def show(self) -> SubscriptionOut:
        """The subscription of the business acted in."""
        tenant_id = self.uow.tenant_id
        found = await self.rows.of(tenant_id)
        if found is None:
            found = Subscription(
                tenant_id=tenant_id, plan=self.uow.context.settings.default_plan, status=_ACTIVE
            )
        return _shown(found, await self._plan(found.plan))

    async def change(self, body: ChangePlan) -> SubscriptionOut:
        """Give the business acted in another plan, now or at the end of its period.

        Raises:
            UnknownPlan: there is none that the caller could choose.
            InvalidTransition: the one before ended without payment, which another one does not make up for; or it is
                the platform itself, which has none.
        """
        if self.uow.tenant_id == OPERATOR_TENANT_ID:
            raise InvalidTransition("The platform itself has no plan.")
        plan = await self.plans.chosen(body.plan)
        if plan is None:
            raise UnknownPlan(f"There is no plan {body.plan!r} to choose.", plan=body.plan)
        found = await self.begun(self.uow.tenant_id)
        current = await self._plan(found.plan)
        if plan.code == found.plan:
            before, found.next_plan = found.next_plan, None
            await self._save(found, "change_withdrawn", {"next_plan": before}, {"next_plan": None})
        elif found.status == _ENDED and plan.price_amount > 0:
            raise InvalidTransition("The plan before ended without payment; pay for it first.")
        elif found.due_at is None or (body.when or _when(plan, current)) is When.NOW:
            await self._enter(found, plan, "changed")
        else:
            before, found.next_plan = found.next_plan, plan.code
            await self._save(found, "change_planned", {"next_plan": before}, {"next_plan": plan.code})
        return _shown(found, await self._plan(found.plan))

    async def begun(self, tenant_id: UUID) -> Subscription:
        """The subscription of a business, locked; a business that has none begins the default plan."""
        found = await self.rows.locked(tenant_id, self.uow.context.settings.default_plan)
        if found.status == _ACTIVE and found.period_starts_at is None:
            await self._enter(found, await self._plan(found.plan), "started")
        return found

    async def has_default_plan(self) -> bool:
        """Whether there is the plan that businesses begin with."""
        return await self.plans.by_code(self.uow.context.settings.default_plan) is not None

    async def payment_failed(self, tenant_id: UUID) -> SubscriptionOut:
        """Go on for the grace of the plan; said again, or of one that costs nothing, it changes nothing."""
        found = await self.begun(tenant_id)
        plan = await self._plan(found.plan)
        if found.status in (_TRIAL, _ACTIVE) and plan.price_amount > 0:
            before = found.status
            found.status, found.trial_ends_at = _GRACE, None
            found.grace_ends_at = self.uow.now + timedelta(days=plan.grace_days)
            await self._save(found, "grace_begun", {"status": before}, {"status": _GRACE})
            self._tell(found, plan, None, "payment_failed")
        return _shown(found, plan)

    async def payment_received(self, tenant_id: UUID) -> SubscriptionOut:
        """Go on with the plan that was paid for: that of now, or the one that ended without payment."""
        found = await self.begun(tenant_id)
        if found.status != _ACTIVE:
            ended = found.previous_plan if found.status == _ENDED else None
            paid = await self.plans.by_code(ended) if ended else None
            await self._enter(found, paid or await self._plan(found.plan), "payment_received", _ACTIVE)
        return _shown(found, await self._plan(found.plan))

    async def move(self, limit: int) -> int:
        """Do what follows where a trial, a period or a grace has ended; return for how many."""
        found = await self.rows.due(limit)
        for one in found:
            await self._move(one)
        return len(found)

    async def _move(self, found: Subscription) -> None:
        plan, now = await self._plan(found.plan), self.uow.now
        planned = await self.plans.by_code(found.next_plan) if found.next_plan else None
        if found.status == _GRACE:
            await self._enter(found, await self._fallback(plan), "grace_ended", _ENDED)
        elif found.status == _TRIAL:
            found.previous_plan = plan.code
            await self._enter(found, planned or await self._fallback(plan), "trial_ended", _ACTIVE)
        elif planned is not None:
            await self._enter(found, planned, "period_ended", _ACTIVE)
        else:
            found.next_plan = None
            # One of before anchors were kept counts from the period it is in.
            found.anchored_at = found.anchored_at or found.period_starts_at or now
            found.period_starts_at, found.period_ends_at = holding(found.anchored_at, plan.period, now)
            await self._save(found, None, None, None)

    async def _enter(
        self,
        found: Subscription,
        plan: Plan,
        reason: str,
        status: SubscriptionStatus | None = None,
    ) -> None:
        """Begin a plan, in the status that follows from what was before where none is named."""
        now, before = self.uow.now, found.plan
        facts = {"plan": before, "status": found.status}
        status = status or _following(found, plan)
        if status is _ENDED and found.status != _ENDED:
            found.previous_plan, found.ended_at = before, now
        found.plan, found.status, found.next_plan = plan.code, status, None
        found.trial_ends_at = None
        if status is _TRIAL:
            found.trial_ends_at = now + timedelta(days=plan.trial_days)
            found.tried = [*found.tried, plan.code]
        if status is not _GRACE:
            found.grace_ends_at = None
        if status is not _ENDED:
            found.ended_at = None
        if status in (_ACTIVE, _TRIAL) and reason != "trial_ended":
            found.previous_plan = None
        found.anchored_at = found.period_starts_at = found.period_ends_at = None
        if status in (_ACTIVE, _GRACE):
            found.anchored_at = found.period_starts_at = now
            found.period_ends_at = after(now, plan.period)
        await self._save(found, f"plan_{reason}", facts, {"plan": plan.code, "status": str(status)})
        self._tell(found, plan, before if before != plan.code else None, reason)

    async def _save(
        self, found: Subscription, action: str | None, before: dict[str, Any] | None, after_: Any
    ) -> None:
        found.due_at = {
            _TRIAL: found.trial_ends_at,
            _ACTIVE: found.period_ends_at,
            _GRACE: found.grace_ends_at,
            _ENDED: None,
        }[SubscriptionStatus(found.status)]
        await self.rows.save(found)
        if action is not None:
            event = change_recorded("identity", action, "subscription", found.id, before, after_)
            self.uow.emit(event, tenant_id=found.tenant_id)

    def _tell(self, found: Subscription, plan: Plan, previous: str | None, reason: str) -> None:
        self.uow.emit(
            PlanChanged(
                company_id=found.tenant_id,
                plan=plan.code,
                previous_plan=previous,
                status=found.status,
                reason=reason,
                price_amount=plan.price_amount,
                price_currency=plan.currency,
                period=plan.period,
                period_ends_at=found.period_ends_at,
            ),
            tenant_id=found.tenant_id,
        )

    async def _plan(self, code: str) -> Plan:
        plan = await self.plans.by_code(code)
        if plan is None:
            raise InvalidTransition(f"There is no plan {code!r} any more.", plan=code)
        return plan

    async def _fallback(self, plan: Plan) -> Plan:
        named = await self.plans.by_code(plan.fallback) if plan.fallback else None
        return named or await self._plan(self.uow.context.settings.fallback_plan)


def _following(found: Subscription, plan: Plan) -> SubscriptionStatus:
    """A trial where the plan can be tried and was not, else paid for; but who owes goes on owing.

    That is in the grace there is, or without any where the plan costs nothing.
    """
    if found.status in (_GRACE, _ENDED):
        return _GRACE if plan.price_amount > 0 else _ENDED
    return _TRIAL if plan.trial_days > 0 and plan.code not in found.tried else _ACTIVE


def _when(plan: Plan, current: Plan) -> When:
    """Now for what costs more or takes nothing away, else when the period ends."""
    costs_more = plan.currency == current.currency and plan.price_amount > current.price_amount
    return When.NOW if costs_more or not plan.takes_away(current) else When.PERIOD_END


def _shown(found: Subscription, plan: Plan) -> SubscriptionOut:
    ends: datetime | None = found.trial_ends_at or found.period_ends_at
    return SubscriptionOut.model_validate(
        {
            "company_id": found.tenant_id,
            "plan_name": plan.name,
            "features": sorted(plan.features),
            "limits": plan.limits,
            "quotas": plan.quotas,
            "price": {"amount": plan.price_amount, "currency": plan.currency},
            "period": plan.period,
            "next_plan_at": ends if found.next_plan else None,
            **{
                name: getattr(found, name)
                for name in (
                    "plan",
                    "status",
                    "period_starts_at",
                    "period_ends_at",
                    "trial_ends_at",
                    "grace_ends_at",
                    "ended_at",
                    "next_plan",
                    "previous_plan",
                )
            },
        }
    )
