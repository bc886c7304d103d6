"""The rules of usage."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from libs.common.actor import system_actor
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AppError, PlanLimitReached
from services.identity.plans.catalogue import Code
from services.identity.plans.service import PlanService
from services.identity.subscriptions.service import SubscriptionService
from services.identity.usage.models import UsageClaim
from services.identity.usage.repository import (
    UsageRepository,
    count_api_keys,
    count_domains,
    count_members,
)
from services.identity.usage.schemas import UsageClaimIn, UsageClaimOut, UsageKind, UsageOut

_COUNTED_HERE = {
    Code.MEMBERS: count_members,
    Code.API_KEYS: count_api_keys,
    Code.DOMAINS: count_domains,
}
# What other services count, by the service.
_COUNTED_THERE = {"catalog": (Code.PRODUCTS, Code.STORES)}
_METERED = (Code.MESSAGES,)
# Nobody reads the difference between this many and more.
_MOST = 1_000_000
_PATIENCE_SECONDS = 2.0


class UsageService:
    """What the business acted in has used; in the platform scope, for plans are kept with the operator."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def list(self) -> list[UsageOut]:
        """Everything that is counted, with what the plan allows, by code."""
        tenant_id = self.uow.tenant_id
        rows: dict[str, int | None] = {}
        # First, while no transaction has begun that would wait for them.
        for service, codes in _COUNTED_THERE.items():
            rows |= await self._asked(service, codes)
        plan = await SubscriptionService(self.uow).show()
        begins, ends = month_of(self.uow.now)
        await self.uow.enter_tenant(tenant_id)
        counters = {one.code: one.used for one in await UsageRepository(self.uow).of_month(begins.date())}
        for code, count in _COUNTED_HERE.items():
            rows[code] = await count(self.uow, _MOST)
        rows |= {code: rows.get(code) for code in plan.limits}
        found = [_limit(code, used, plan.limits.get(code)) for code, used in rows.items()]
        for code in {*counters, *plan.quotas, *_METERED}:
            used, most = counters.get(code, 0), plan.quotas.get(code)
            found.append(
                UsageOut(
                    code=code,
                    kind=UsageKind.QUOTA,
                    used=used,
                    limit=most,
                    remaining=None if most is None else max(0, most - used),
                    period_starts_at=begins,
                    resets_at=ends,
                )
            )
        return sorted(found, key=lambda one: one.code)

    async def claim(self, body: UsageClaimIn) -> UsageClaimOut:
        """Count something; the counter is locked meanwhile, so that no two take the last place.

        Raises:
            PlanLimitReached: the plan allows no more this month; nothing was counted.
        """
        tenant_id = self.uow.tenant_id
        plan = await SubscriptionService(self.uow).show()
        most = plan.quotas.get(body.code)
        begins, ends = month_of(self.uow.now)
        await self.uow.enter_tenant(tenant_id)
        rows = UsageRepository(self.uow)
        counter = await rows.counter(body.code, begins.date())
        if await rows.claim(body.key) is not None:
            return UsageClaimOut(is_new=False, used=counter.used, limit=most)
        if most is not None and counter.used + body.quantity > most:
            used = counter.used
            await self.uow.enter_platform()
            raise PlanLimitReached(
                f"The plan allows {most} of {body.code} a month.",
                code=body.code,
                limit=most,
                used=used,
                plan=plan.plan,
                plans=await PlanService(self.uow).offering(feature=None, code=body.code, above=most),
                resets_at=ends.isoformat(),
            )
        counter.used += body.quantity
        self.uow.session.add(
            UsageClaim(
                tenant_id=tenant_id,
                id=body.key,
                counter_id=counter.id,
                code=body.code,
                month_on=counter.month_on,
                quantity=body.quantity,
                created_at=self.uow.now,
                updated_at=self.uow.now,
            )
        )
        await rows.save(counter)
        return UsageClaimOut(is_new=True, used=counter.used, limit=most)

    async def take_back(self, key: UUID) -> None:
        """Count something no more that failed."""
        await self.uow.enter_tenant(self.uow.tenant_id)
        await UsageRepository(self.uow).take_back(key)

    async def _asked(self, service: str, codes: tuple[str, ...]) -> dict[str, int | None]:
        actor = system_actor("identity", self.uow.tenant_id)
        try:
            answer: dict[str, Any] = await self.uow.context.upstreams.call(
                service, "GET", "/internal/usage", actor=actor, timeout=_PATIENCE_SECONDS
            )
        except AppError:
            return dict.fromkeys(codes)
        return {code: answer.get(code) for code in codes}


def month_of(now: datetime) -> tuple[datetime, datetime]:
    """The beginning of the calendar month that holds a time, and that of the next one (UTC)."""
    begins = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = date(begins.year + begins.month // 12, begins.month % 12 + 1, 1)
    return begins, begins.replace(year=following.year, month=following.month)


def _limit(code: str, used: int | None, most: int | None) -> UsageOut:
    return UsageOut(
        code=code,
        kind=UsageKind.LIMIT,
        used=used,
        limit=most,
        remaining=None if most is None or used is None else max(0, most - used),
        period_starts_at=None,
        resets_at=None,
    )
