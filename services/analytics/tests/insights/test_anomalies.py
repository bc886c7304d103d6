"""Anomalies from sales to the list: found once, told once, seen to once."""

import random
from datetime import UTC, timedelta, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.analytics import AnomalyDetected
from libs.contracts.audit import CHANGE_RECORDED
from services.analytics.insights.anomalies.finder import AnomalyFinder
from services.analytics.insights.runs.models import InsightRun
from services.analytics.insights.runs.repository import RunRepository
from services.analytics.insights.runs.service import RunService
from services.analytics.tests.insights.history import Fact, day_before, order, write

PATH = "/insight-analytics/anomalies"


def history(
    tenant_id: UUID, days: int = 60, factors: dict[int, float] | None = None, tz: tzinfo = UTC
) -> list[Fact]:
    """Ten orders a day and about 1,000 rand, with a factor for how dear some days' orders were."""
    chance, product = random.Random(7), new_id()
    rows: list[Fact] = []
    for ago in range(1, days + 1):
        for _ in range(10):
            total = round(10_000 * chance.lognormvariate(0, 0.1) * (factors or {}).get(ago, 1.0))
            rows += order(tenant_id, day_before(ago, tz=tz), total, product_id=product)
    return rows


async def judge(context: ServiceContext, tenant_id: UUID) -> None:
    """Run the job."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await AnomalyFinder(uow).run()


async def listed(client: Client, **params: Any) -> dict:
    """The list."""
    response = await client.get(PATH, params=params)
    assert response.status_code == 200, response.text
    return response.json()


async def test_an_odd_day_is_listed_and_told_once_however_often_it_is_looked_for(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    await write(context, tenant_id, history(tenant_id, factors={3: 30.0}))
    for _ in range(2):
        await judge(context, tenant_id)

    page = await listed(client)

    assert page["refused"] is None
    assert page["as_of"] is not None
    found = {item["metric"]: item for item in page["items"]}
    assert set(found) == {"revenue", "average_order_value"}
    odd = found["revenue"]
    assert odd["day"] == day_before(3).date().isoformat()
    assert (odd["direction"], odd["unit"], odd["currency"], odd["status"]) == (
        "high",
        "minor_units",
        "ZAR",
        "open",
    )
    assert odd["severity"] == "critical"
    evidence = odd["evidence"]
    assert evidence["interval"]["low"] < odd["expected"] < evidence["interval"]["high"] < odd["observed"]
    assert odd["impact"]["amount"] == round(odd["observed"] - odd["expected"])
    assert (evidence["history_days"], evidence["score"] > 4) == (57, True)
    told = await emitted(context, tenant_id, AnomalyDetected)
    assert sorted(event.data["metric"] for event in told) == sorted(found)
    assert {event.data["anomaly_id"] for event in told} == {item["id"] for item in page["items"]}
    # How well it does on the business's own history.
    told_of = page["evidence"]
    assert told_of["planted"] >= 56
    assert told_of["recall"] == round(told_of["planted_found"] / told_of["planted"], 4)
    assert page["evidence"]["backtest"]["origins"] >= 14
    assert page["evidence"]["flagged_as_they_were"] > 0


async def test_today_is_not_judged(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    rows = history(tenant_id) + order(tenant_id, day_before(0, 0), 90_000_000)
    await write(context, tenant_id, rows)
    await judge(context, tenant_id)
    assert (await listed(client))["items"] == []


async def test_days_are_those_of_the_time_zone_asked_for(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    there = ZoneInfo("Africa/Johannesburg")
    # At one in the morning there it is the day before still in Greenwich.
    rows = history(tenant_id, tz=there) + order(tenant_id, day_before(5, 1, there), 900_000)
    await write(context, tenant_id, rows)
    body = {"tz": "Africa/Johannesburg"}
    assert (await client.post(f"{PATH}/refresh", json=body)).status_code == 202
    await judge(context, tenant_id)
    days = {(item["day"], item["tz"]) for item in (await listed(client, metric="revenue"))["items"]}
    assert days == {(day_before(5, tz=there).date().isoformat(), "Africa/Johannesburg")}


async def test_little_data_is_refused_and_says_what_is_missing(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    assert (await listed(client))["refused"]["reason"] == "not-computed-yet"
    await write(context, tenant_id, history(tenant_id, days=28, factors={1: 9.0}))
    await judge(context, tenant_id)

    page = await listed(client)

    assert (page["items"], page["evidence"]) == ([], None)
    assert page["refused"] == {
        "reason": "too-little-data",
        "detail": "There are 28 complete days since the first sale.",
        "needs": "more than 28 complete days",
    }
    assert await emitted(context, tenant_id, AnomalyDetected) == []


async def test_a_small_product_does_not_cry_wolf(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    cheap, rows = new_id(), history(tenant_id)
    for ago in range(1, 61):
        pieces = 300 if ago == 2 else 20
        rows += order(tenant_id, day_before(ago), pieces, quantity=pieces, product_id=cheap)
    await write(context, tenant_id, rows)
    await judge(context, tenant_id)
    assert (await listed(client))["items"] == []


async def test_filters_and_pages(context: ServiceContext, client: Client, tenant_id: UUID) -> None:
    await write(context, tenant_id, history(tenant_id, factors={3: 30.0, 9: 0.02}))
    await judge(context, tenant_id)
    all_of_them = (await listed(client))["items"]
    assert len(all_of_them) == 4

    low = (await listed(client, direction="low"))["items"]
    assert {item["day"] for item in low} == {day_before(9).date().isoformat()}
    since = day_before(4).date().isoformat()
    for params in ({"from": since}, {"day_from": since}):
        assert {item["day"] for item in (await listed(client, **params))["items"]} == {
            day_before(3).date().isoformat()
        }
    assert len((await listed(client, to=since))["items"]) == 2
    assert len((await listed(client, metric="revenue", severity=["high", "critical"]))["items"]) == 2
    assert (await listed(client, status="acknowledged"))["items"] == []
    first = await listed(client, limit=3)
    rest = await listed(client, limit=3, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == all_of_them
    for bad in ({"metric": "luck"}, {"from": "soon"}, {"surprise": "1"}, {"order": "score"}):
        assert (await client.get(PATH, params=bad)).status_code == 422, bad


async def test_an_anomaly_is_acknowledged_once(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    await write(context, tenant_id, history(tenant_id, factors={3: 30.0}))
    await judge(context, tenant_id)
    path = f"{PATH}/{(await listed(client))['items'][0]['id']}"

    seen = (await client.post(f"{path}/acknowledge")).json()
    noted = await client.acting(user(tenant_id)).post(f"{path}/acknowledge", json={"note": "The fair"})
    again = await client.post(f"{path}/acknowledge", json={"note": "The fair"})

    assert client.actor is not None
    assert (seen["status"], seen["acknowledged_by_id"]) == ("acknowledged", str(client.actor.user_id))
    assert noted.json() == {**seen, "note": "The fair"}
    assert again.json() == noted.json() == (await client.get(path)).json()
    records = await emitted(context, tenant_id, CHANGE_RECORDED["analytics"])
    assert [event.data["action"] for event in records] == ["acknowledged", "acknowledged"]
    stranger = client.acting(user(other_tenant_id))
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.post(f"{path}/acknowledge")).status_code == 404
    assert (await stranger.get(PATH)).json()["items"] == []


async def test_who_may_not_is_refused(client: Client, tenant_id: UUID) -> None:
    assert (await client.acting(guest(tenant_id)).get(PATH)).status_code == 401
    reader = client.acting(user(tenant_id, "analytics.anomalies.read"))
    assert (await reader.get(PATH)).status_code == 200
    for path in (f"{PATH}/refresh", f"{PATH}/{new_id()}/acknowledge"):
        refused = await reader.post(path)
        assert (refused.status_code, refused.json()["required_permission"]) == (
            403,
            "analytics.anomalies.write",
        )
    without = client.acting(user(tenant_id, features=frozenset(), plan="free"))
    refused = await without.get(PATH)
    assert (refused.status_code, refused.json()["slug"]) == (403, "feature-not-in-plan")


async def test_businesses_that_sell_are_looked_at_each_night(
    context: ServiceContext, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    await write(context, tenant_id, order(tenant_id, day_before(1), 100))
    job = context.models.job

    async def runs() -> list[InsightRun]:
        async with context.unit_of_work(platform=True) as uow:
            rows = select(InsightRun).where(InsightRun.tenant_id.in_([tenant_id, other_tenant_id]))
            return list((await uow.session.execute(rows.order_by(InsightRun.kind))).scalars())

    for _ in range(2):
        async with context.unit_of_work(platform=True) as uow:
            await RunRepository(uow).plan(("anomalies", "price_recommendations"))
    planned = await runs()
    assert [(run.tenant_id, run.kind) for run in planned] == [
        (tenant_id, "anomalies"),
        (tenant_id, "price_recommendations"),
    ]
    for _ in range(2):
        async with context.unit_of_work(platform=True) as uow:
            await RunService(uow).start_due(1000)

    for before, after in zip(planned, await runs(), strict=True):
        assert timedelta(0) < after.due_at - before.due_at < timedelta(hours=26)
    async with context.unit_of_work(platform=True) as uow:
        names = (await uow.session.execute(select(job.name).where(job.tenant_id == tenant_id))).scalars()
        assert sorted(names) == ["find_anomalies", "recommend_prices"]


async def test_a_run_is_asked_for_once_at_a_time(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    for _ in range(2):
        response = await client.post(f"{PATH}/refresh", json={"tz": "Asia/Almaty"})
        assert (response.status_code, response.json()) == (202, {"status": "queued"})
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await RunRepository(uow).tz("anomalies") == "Asia/Almaty"
        jobs = context.models.job
        found = await uow.session.execute(select(jobs.name).where(jobs.tenant_id == tenant_id))
        assert list(found.scalars()) == ["find_anomalies"]
    assert (await client.post(f"{PATH}/refresh", json={"tz": "Mars/Olympus"})).status_code == 422


@pytest.mark.parametrize("metric", ["orders", "product_units"])
async def test_counts_are_judged_too(
    context: ServiceContext, client: Client, tenant_id: UUID, metric: str
) -> None:
    product, rows = new_id(), []
    for ago in range(1, 61):
        # Many small orders on one day, or one order of many pieces.
        for _ in range(60 if (ago, metric) == (4, "orders") else 10):
            quantity = 20 if (ago, metric) == (4, "product_units") else 2
            rows += order(tenant_id, day_before(ago), 100 * quantity, quantity=quantity, product_id=product)
    await write(context, tenant_id, rows)
    await judge(context, tenant_id)
    [found] = (await listed(client, metric=metric))["items"]
    assert (found["unit"], found["day"]) == ("count", day_before(4).date().isoformat())
    assert found["product_id"] == (str(product) if metric == "product_units" else None)
