"""The tokens of a business in a month."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

from libs.common.clock import ManualClock
from libs.common.testing.actors import user
from services.analytics.conversations import token_budget
from services.analytics.conversations.token_budget import MonthlyBudget
from services.analytics.tests.conftest import OpenContext


async def test_no_two_take_the_last_tokens(open_context: OpenContext, tenant_id: UUID) -> None:
    context = await open_context(assistant_monthly_tokens=1000)
    budget = MonthlyBudget(context, user(tenant_id))

    taken = await asyncio.gather(*(budget.reserve(300) for _ in range(8)))

    assert sum(settle is not None for settle in taken) == 3
    # What was not used comes back, and is there for others.
    for settle in taken:
        if settle is not None:
            await settle(100)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await token_budget.used(uow, token_budget.month_of(uow.now)) == 300
    assert await budget.reserve(700) is not None
    assert await budget.reserve(1) is None


async def test_a_month_begins_with_all_tokens_and_businesses_do_not_share(
    open_context: OpenContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    clock = ManualClock(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    context = await open_context(clock=clock, assistant_monthly_tokens=1000)
    budget = MonthlyBudget(context, user(tenant_id))
    settle = await budget.reserve(1000)

    assert settle is not None
    assert await budget.reserve(1) is None
    assert await MonthlyBudget(context, user(other_tenant_id)).reserve(1000) is not None
    refusal = token_budget.refusal(token_budget.month_of(clock.now()), 1000, 1000, clock.now())
    assert (refusal.extra["resets_at"], refusal.headers["Retry-After"]) == ("2027-01-01T00:00:00+00:00", "60")
    clock.advance(minutes=1)
    # What was set aside before is settled in the month that it was of.
    await settle(10)
    assert await budget.reserve(1000) is not None
    assert await budget.reserve(1001) is None


async def test_what_another_business_used_counts_for_nothing_without_row_level_security_too(
    open_context: OpenContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    context = await open_context(assistant_monthly_tokens=1000)
    assert await MonthlyBudget(context, user(other_tenant_id)).reserve(1000) is not None

    # In the scope of the platform nothing but the filter of the code stands between the two.
    async with context.unit_of_work(tenant_id=tenant_id, platform=True) as uow:
        assert await token_budget.used(uow, token_budget.month_of(uow.now)) == 0
