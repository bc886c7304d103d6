"""Subscriptions over time: trials, periods, and what follows where nobody pays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted
from libs.contracts.identity import PlanChanged, TenantActivated
from services.identity.subscriptions.jobs import move_subscriptions
from services.identity.subscriptions.periods import after, holding


class Shop:
    """A business on a clock that the test moves, and who manages plans."""

    def __init__(self, context: Any, platform: Any, owner: Any, boss: Client) -> None:
        self.context, self.platform, self.owner, self.boss = context, platform, owner, boss
        self.admin = Client(context, user(OPERATOR_TENANT_ID, "identity.*"), app=boss.app)

    async def plan(self, **fields: Any) -> str:
        """A new plan's code."""
        body = {"code": f"p{new_id().hex}", "name": "A plan", **fields}
        response = await self.admin.post("/plans", json=body)
        assert response.status_code == 201, response.text
        return str(response.json()["code"])

    async def change(self, plan: str, **fields: Any) -> dict[str, Any]:
        """Choose a plan."""
        response = await self.boss.post("/subscription/change", json={"plan": plan, **fields})
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def pay(self, outcome: str) -> dict[str, Any]:
        """Say as the platform's staff what became of a payment."""
        staff = self.admin.acting(user(self.owner.company_id, "identity.subscriptions.bill"))
        response = await staff.post("/subscription/payments", json={"outcome": outcome})
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def later(self, days: int) -> dict[str, Any]:
        """What is so some days later, after the job has run."""
        self.context.clock.advance(seconds=days * 86400)
        for _ in range(10):
            # Those of other tests are due as well.
            async with self.context.unit_of_work(platform=True) as uow:
                await move_subscriptions(uow, {})
        return dict((await self.boss.get("/subscription")).json())

    async def reasons(self) -> list[str]:
        """Why the plan changed, each time."""
        return [e.data["reason"] for e in await emitted(self.context, self.owner.company_id, PlanChanged)]


@pytest.fixture
async def shop(later: Any, future: Any) -> Shop:
    """A business that trades."""
    owner = await future.business()
    return Shop(later, future, owner, await future.signed_in(owner.email))


_TIMES = st.floats(0, 1e9).map(lambda seconds: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


def price(amount: int) -> dict[str, Any]:
    return {"price": {"amount": amount, "currency": "ZAR"}}


async def test_who_may_trade_begins_the_default_plan(shop: Shop) -> None:
    (fact,) = await emitted(shop.context, shop.owner.company_id, TenantActivated)
    for _ in range(2):
        await deliver(shop.context, TenantActivated(**fact.data), shop.owner.company_id)

    shown = (await shop.boss.get("/subscription")).json()
    assert (shown["plan"], shown["status"]) == ("standard", "active")
    assert shown["period_ends_at"] > shown["period_starts_at"]
    assert await shop.reasons() == ["started"]


async def test_more_is_given_at_once_and_less_when_the_period_ends(shop: Shop) -> None:
    small = await shop.plan(**price(10), limits={"catalog.products": 5})
    large = await shop.plan(**price(20), limits={"catalog.products": 9})

    assert (await shop.change(small, when="now"))["plan"] == small
    assert (await shop.change(large))["plan"] == large
    waiting = await shop.change(small)
    assert (waiting["plan"], waiting["next_plan"]) == (large, small)
    assert waiting["next_plan_at"] == waiting["period_ends_at"]
    assert (await shop.change(large))["next_plan"] is None
    await shop.change(small)
    assert (await shop.later(20))["plan"] == large
    done = await shop.later(12)
    assert (done["plan"], done["next_plan"], done["limits"]) == (small, None, {"catalog.products": 5})
    # And from period to period.
    before = done["period_ends_at"]
    assert (await shop.later(70))["period_ends_at"] > before
    assert (await shop.reasons())[-1] == "period_ended"


async def test_a_trial_ends_in_the_fallback_and_comes_once(shop: Shop) -> None:
    fallback = await shop.plan()
    tried = await shop.plan(**price(10), trial_days=14, fallback=fallback)

    trial = await shop.change(tried, when="now")
    assert (trial["plan"], trial["status"]) == (tried, "trial")
    assert (await shop.later(13))["status"] == "trial"
    ended = await shop.later(2)
    assert (ended["plan"], ended["status"], ended["previous_plan"]) == (fallback, "active", tried)
    assert (await shop.change(tried, when="now"))["status"] == "active"
    assert (await shop.reasons())[-2:] == ["trial_ended", "changed"]


async def test_a_trial_that_is_paid_for_goes_on(shop: Shop) -> None:
    tried = await shop.plan(**price(10), trial_days=14)
    await shop.change(tried, when="now")

    assert (await shop.pay("received"))["status"] == "active"
    assert (await shop.later(20))["plan"] == tried


async def test_who_does_not_pay_has_grace_and_then_the_fallback(shop: Shop) -> None:
    plan = await shop.plan(**price(10), grace_days=5)
    dearer = await shop.plan(**price(20))
    await shop.change(plan, when="now")

    grace = await shop.pay("failed")
    assert (grace["plan"], grace["status"]) == (plan, "grace")
    assert await shop.pay("failed") == grace
    # A dearer plan pays no debt.
    assert (await shop.change(dearer))["status"] == "grace"
    assert (await shop.change(plan, when="now"))["grace_ends_at"] == grace["grace_ends_at"]
    assert (await shop.later(4))["status"] == "grace"
    ended = await shop.later(2)
    assert (ended["plan"], ended["status"], ended["previous_plan"]) == ("free", "ended", plan)
    back = await shop.pay("received")
    assert (back["plan"], back["status"], back["ended_at"]) == (plan, "active", None)
    assert (await shop.pay("received"))["period_ends_at"] == back["period_ends_at"]


async def test_nobody_gets_rid_of_what_he_owes_by_another_plan(shop: Shop) -> None:
    owed, other = await shop.plan(**price(10)), await shop.plan(**price(5), trial_days=9)
    await shop.change(owed, when="now")
    await shop.pay("failed")

    # What costs nothing is there at once; what was owed is remembered.
    free = await shop.change("free", when="now")
    assert (free["plan"], free["status"], free["previous_plan"]) == ("free", "ended", owed)
    assert (await shop.pay("failed"))["status"] == "ended"
    for plan in (owed, other):
        refused = await shop.boss.post("/subscription/change", json={"plan": plan})
        assert (refused.status_code, refused.json()["slug"]) == (409, "invalid-transition")
    assert (await shop.later(400))["plan"] == "free"
    back = await shop.pay("received")
    assert (back["plan"], back["status"], back["previous_plan"]) == (owed, "active", None)
    assert (await shop.change(other, when="now"))["status"] == "trial"


async def test_nobody_owes_for_a_plan_without_a_price(shop: Shop) -> None:
    await shop.change("free", when="now")

    assert (await shop.pay("failed"))["status"] == "active"


async def test_a_plan_that_is_gone_is_not_gone_back_to(shop: Shop) -> None:
    plan = await shop.plan(**price(10), grace_days=1)
    await shop.change(plan, when="now")
    await shop.pay("failed")
    assert (await shop.later(2))["status"] == "ended"
    listed = (await shop.admin.get("/plans", params={"limit": 200})).json()["items"]
    (found,) = [one["id"] for one in listed if one["code"] == plan]
    assert (await shop.admin.delete(f"/plans/{found}")).status_code == 204

    # Where no period ends, nothing waits for its end.
    other = await shop.plan()
    chosen = await shop.change(other, when="period_end")
    assert (chosen["plan"], chosen["status"], chosen["next_plan"]) == (other, "ended", None)

    back = await shop.pay("received")

    assert (back["plan"], back["status"]) == (other, "active")


async def test_periods_come_back_to_the_day_that_a_short_month_lacks(shop: Shop) -> None:
    plan = await shop.plan(**price(10))
    day = datetime(2031, 1, 31, 12, tzinfo=UTC)
    shop.context.clock.advance(seconds=(day - shop.context.clock.now()).total_seconds())
    await shop.change(plan, when="now")

    ends = [(await shop.later(days))["period_ends_at"][:10] for days in (0, 29, 31, 31)]

    assert ends == ["2031-02-28", "2031-03-31", "2031-04-30", "2031-05-31"]


async def test_the_platform_itself_has_no_plan(shop: Shop) -> None:
    refused = await shop.admin.post("/subscription/change", json={"plan": "free"})

    assert (refused.status_code, refused.json()["slug"]) == (409, "invalid-transition")


async def test_services_say_what_was_paid(shop: Shop) -> None:
    payments = Client(shop.context, system_actor("payments"), app=shop.boss.app)
    path = f"/internal/subscriptions/{shop.owner.company_id}/payments"

    assert (await payments.post(path, json={"outcome": "failed"})).json()["status"] == "grace"
    assert (await payments.post(path, json={"outcome": "received"})).json()["status"] == "active"
    assert (await shop.boss.post(path, json={"outcome": "received"})).status_code == 403


async def test_plans_that_do_not_exist_are_refused(shop: Shop) -> None:
    for body in ({"plan": "no-such"}, {"plan": str(new_id())}, {"plan": ""}, {"plan": None}, {}):
        response = await shop.boss.post("/subscription/change", json=body)
        assert response.status_code == 422, body
    clerk = Client(shop.context, user(shop.owner.company_id, "identity.subscription.read"), app=shop.boss.app)
    assert (await clerk.get("/subscription")).status_code == 200
    assert (await clerk.post("/subscription/change", json={"plan": "free"})).status_code == 403


def test_periods_keep_the_day_of_the_month() -> None:
    start = datetime(2026, 1, 31, tzinfo=UTC)
    leap = datetime(2024, 2, 29, tzinfo=UTC)
    assert [after(start, "month", n).day for n in range(1, 4)] == [28, 31, 30]
    assert after(leap, "year") == datetime(2025, 2, 28, tzinfo=UTC)
    found = holding(start, "month", datetime(2026, 3, 5, tzinfo=UTC))
    assert found == (datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC))


@given(anchor=_TIMES, days=st.floats(0, 4000), period=st.sampled_from(["month", "year"]))
def test_any_time_is_in_one_period_and_the_next_begins_where_it_ends(
    anchor: datetime, days: float, period: str
) -> None:
    now = anchor + timedelta(days=days)

    begins, ends = holding(anchor, period, now)

    assert begins <= now < ends
    assert holding(anchor, period, ends)[0] == ends
    assert holding(anchor, period, begins) == (begins, ends)
