"""Price recommendations from sales to the list."""

import random
from datetime import timedelta
from math import exp
from typing import Any
from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.contracts.catalog import PriceChanged
from services.analytics.insights.price_recommendations.service import PriceRecommendationService
from services.analytics.tests.factories import zar
from services.analytics.tests.insights.history import Fact, day_before, order, write
from services.analytics.tests.recording import record

PATH = "/insight-analytics/price-recommendations"


def sold(
    tenant_id: UUID,
    variant_id: UUID,
    elasticity: float,
    *,
    weeks: int = 60,
    apart: float = 0.25,
    base: float = 40,
    seed: int = 1,
) -> list[Fact]:
    """A variant whose price moved by chance, one order a week."""
    chance = random.Random(seed)
    rows: list[Fact] = []
    for ago in range(1, weeks + 1):
        price = round(1000 * exp(chance.uniform(-apart, apart)))
        units = max(1, round(chance.gauss(base * (price / 1000) ** elasticity, base**0.5)))
        rows += order(
            tenant_id,
            day_before(7 * ago),
            price * units,
            quantity=units,
            variant_id=variant_id,
            product_id=variant_id,
        )
    return rows


async def compute(context: ServiceContext, tenant_id: UUID) -> None:
    """Run the job."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PriceRecommendationService(uow).compute()


async def listed(client: Client, **params: Any) -> dict:
    """The list."""
    response = await client.get(PATH, params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_price_is_recommended_with_its_evidence_and_within_bounds(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    dear, cheap = new_id(), new_id()
    await write(
        context, tenant_id, sold(tenant_id, dear, -3.0) + sold(tenant_id, cheap, -0.4, base=4000, seed=2)
    )
    asked = [PriceChanged(variant_id=v, product_id=v, sku="HB", price=zar(1000)) for v in (dear, cheap)]
    await record(context, tenant_id, *asked)
    await compute(context, tenant_id)
    await compute(context, tenant_id)

    page = await listed(client)

    assert (page["refused"], page["as_of"] is not None) == (None, True)
    found = {item["variant_id"]: item for item in page["items"]}
    assert set(found) == {str(dear), str(cheap)}
    lower, higher = found[str(dear)], found[str(cheap)]
    assert (lower["action"], higher["action"]) == ("lower", "raise")
    assert lower["current_price"] == higher["current_price"] == zar(1000).model_dump()
    assert 800 <= lower["recommended_price"]["amount"] < 1000 < higher["recommended_price"]["amount"] <= 1200
    for item, true in ((lower, -3.0), (higher, -0.4)):
        evidence = item["evidence"]
        assert evidence["interval"]["low"] <= true <= evidence["interval"]["high"]
        assert (evidence["weeks"], evidence["price_weeks"]) in ((60, 60), (59, 59))
        assert evidence["is_observational"] is True
        assert item["expected"]["interval"]["low"] > 0
        assert item["expected"]["weekly_gain"]["amount"] > 0
        assert (item["objective"], item["is_cost_known"], item["refused"]) == ("revenue", False, None)
    assert lower["evidence"]["backtest"]["beats_naive"] is True
    assert lower["confidence"] in ("medium", "high")
    assert (await listed(client.acting(user(other_tenant_id))))["items"] == []


async def test_what_cannot_be_told_is_refused_with_the_reason(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    young, fixed, unmoved = new_id(), new_id(), new_id()
    rows = sold(tenant_id, young, -2.0, weeks=19) + sold(tenant_id, fixed, -2.0, apart=0.02)
    await write(context, tenant_id, rows + sold(tenant_id, unmoved, 0.0))
    await compute(context, tenant_id)

    found = {item["variant_id"]: item for item in (await listed(client))["items"]}

    assert {item["action"] for item in found.values()} == {"refused"}
    assert (
        found[str(young)]["refused"]["reason"] == found[str(fixed)]["refused"]["reason"] == "too-little-data"
    )
    assert found[str(young)]["refused"]["detail"] == "There are 19 weeks with sales."
    assert found[str(unmoved)]["refused"]["reason"] in ("effect-unclear", "no-better-than-naive")
    for item in found.values():
        assert (item["recommended_price"], item["expected"], item["confidence"]) == (None, None, None)
    assert found[str(young)]["evidence"]["elasticity"] is None


async def test_a_business_with_too_little_is_refused_as_a_whole(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    assert (await listed(client))["refused"]["reason"] == "not-computed-yet"
    await compute(context, tenant_id)
    nothing = await listed(client)
    assert (nothing["items"], nothing["refused"]["reason"]) == ([], "too-little-data")
    await write(context, tenant_id, sold(tenant_id, new_id(), -2.0, weeks=5))
    await compute(context, tenant_id)
    few = await listed(client)
    assert few["refused"]["needs"] == "one with 20 weeks with sales, at prices at least 5% apart"
    assert few["items"][0]["refused"]["needs"] == "20 weeks with sales, at prices at least 5% apart"


async def test_the_week_that_is_not_over_does_not_count(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    variant = new_id()
    rows = sold(tenant_id, variant, -2.0, weeks=19)
    await write(
        context,
        tenant_id,
        rows + order(tenant_id, day_before(0, 0), 5000, variant_id=variant, product_id=variant),
    )
    await compute(context, tenant_id)
    [found] = (await listed(client))["items"]
    assert found["evidence"]["price_weeks"] in (18, 19)


async def test_a_large_order_at_a_discount_does_not_set_the_price_of_its_week(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    variant, rows = new_id(), []
    for ago in range(1, 31):
        for _ in range(2):
            rows += order(tenant_id, day_before(7 * ago), 1000, variant_id=variant, product_id=variant)
        rows += order(
            tenant_id, day_before(7 * ago) + timedelta(hours=1), 50_000, quantity=100, variant_id=variant,
            product_id=variant,
        )  # fmt: skip
    await write(context, tenant_id, rows)
    await compute(context, tenant_id)
    [found] = (await listed(client))["items"]
    assert found["evidence"]["price_low"] == found["evidence"]["price_high"] == zar(1000).model_dump()


async def test_filters_pages_and_what_is_gone(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    variants = [new_id() for _ in range(3)]
    await write(
        context, tenant_id, [row for n, v in enumerate(variants) for row in sold(tenant_id, v, -3.0, seed=n)]
    )
    await compute(context, tenant_id)
    every = (await listed(client))["items"]
    assert len(every) == 3
    gains = [item["expected"]["weekly_gain"]["amount"] for item in every if item["expected"]]
    assert gains == sorted(gains, reverse=True)
    first = await listed(client, limit=2)
    rest = await listed(client, limit=2, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == every
    assert [i["variant_id"] for i in (await listed(client, variant_id=str(variants[1])))["items"]] == [
        str(variants[1])
    ]
    assert len((await listed(client, action=["lower", "raise", "keep", "refused"]))["items"]) == 3
    assert (await client.get(PATH, params={"action": "guess"})).status_code == 422


async def test_who_may_not_is_refused(client: Client, tenant_id: UUID) -> None:
    assert (await client.acting(guest(tenant_id)).get(PATH)).status_code == 401
    reader = client.acting(user(tenant_id, "analytics.price_recommendations.read"))
    assert (await reader.get(PATH)).status_code == 200
    assert (await reader.post(f"{PATH}/refresh")).status_code == 403
    assert (await client.post(f"{PATH}/refresh")).status_code == 202
    without = client.acting(user(tenant_id, features=frozenset(), plan="free"))
    assert (await without.post(f"{PATH}/refresh")).json()["slug"] == "feature-not-in-plan"
