"""What is counted by the month, for all services."""

import asyncio
from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID, system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.identity.tests.outsiders import Platform

CODE = "notifications.messages"


class Counted:
    """A business with a quota of five, and a service that counts."""

    def __init__(self, boss: Client, service: Client) -> None:
        self.boss, self.service = boss, service

    async def claim(self, key: Any = None, quantity: int = 1) -> Any:
        """Count something."""
        body = {"key": str(key or new_id()), "code": CODE, "quantity": quantity}
        return await self.service.post("/internal/usage", json=body)

    async def used(self) -> Any:
        """What the business sees."""
        found = {one["code"]: one for one in (await self.boss.get("/usage")).json()["items"]}
        return found[CODE]


async def counted(context: ServiceContext, platform: Platform) -> Counted:
    """A business with a quota of five a month."""
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    admin = Client(context, user(OPERATOR_TENANT_ID, "identity.*"), app=boss.app)
    plan = {"code": f"p{new_id().hex}", "name": "Five", "quotas": {CODE: 5}}
    assert (await admin.post("/plans", json=plan)).status_code == 201
    chosen = await boss.post("/subscription/change", json={"plan": plan["code"], "when": "now"})
    assert chosen.status_code == 200
    return Counted(boss, Client(context, system_actor("notifications", owner.company_id), app=boss.app))


async def test_parallel_requests_never_exceed_the_quota(context: ServiceContext, platform: Platform) -> None:
    shop = await counted(context, platform)

    answers = await asyncio.gather(*(shop.claim() for _ in range(12)))

    refused = [a.json() for a in answers if a.status_code != 200]
    assert len(refused) == 7
    assert {(p["status"], p["slug"], p["code"], p["limit"], p["used"]) for p in refused} == {
        (429, "plan-limit-reached", CODE, 5, 5)
    }
    assert "standard" in refused[0]["plans"]
    assert "free" in refused[0]["plans"]
    used = await shop.used()
    assert (used["kind"], used["used"], used["limit"], used["remaining"]) == ("quota", 5, 5, 0)
    assert used["resets_at"] > used["period_starts_at"]


async def test_the_same_key_counts_once_and_what_failed_not_at_all(
    context: ServiceContext, platform: Platform
) -> None:
    shop = await counted(context, platform)
    key = new_id()

    first, *more = await asyncio.gather(*(shop.claim(key, 2) for _ in range(4)))
    assert [a.status_code for a in (first, *more)] == [200] * 4
    assert sum(a.json()["is_new"] for a in (first, *more)) == 1
    assert (await shop.used())["used"] == 2
    for _ in range(2):
        assert (await shop.service.delete(f"/internal/usage/{key}")).status_code == 204
    assert (await shop.used())["used"] == 0
    # More at once than is left is refused whole.
    assert [(await shop.claim(quantity=n)).status_code for n in (4, 2, 1)] == [200, 429, 200]


async def test_counting_is_for_services(context: ServiceContext, platform: Platform) -> None:
    shop = await counted(context, platform)

    body = {"key": str(new_id()), "code": CODE}
    assert (await shop.boss.post("/internal/usage", json=body)).status_code == 403
    for wrong in ({"code": "Not a code"}, {"quantity": 0}, {"quantity": -1}, {"key": "x"}):
        assert (await shop.service.post("/internal/usage", json={**body, **wrong})).status_code == 422


async def test_a_month_later_all_of_it_is_there_again(later: Any, future: Any) -> None:
    shop = await counted(later, future)
    assert [(await shop.claim(quantity=5)).status_code, (await shop.claim()).status_code] == [200, 429]

    later.clock.advance(seconds=32 * 86400)

    assert (await shop.claim()).status_code == 200


async def test_what_other_services_count_is_asked_of_them(
    context: ServiceContext, platform: Platform
) -> None:
    shop = await counted(context, platform)

    found = {one["code"]: one for one in (await shop.boss.get("/usage")).json()["items"]}

    # It is not here in this test.
    assert found["catalog.products"]["used"] is None
    assert found["identity.members"]["used"] == 1
