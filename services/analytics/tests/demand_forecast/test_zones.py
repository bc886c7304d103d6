"""Buckets begin by the clock of the zone that is asked for, and go on while nobody computes anew."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.analytics.demand_forecast.calendar import distance, floor, moment, present, step, zone
from services.analytics.demand_forecast.models import ForecastRun
from services.analytics.demand_forecast.process import Worker
from services.analytics.tests.demand_forecast.conftest import PATH, Item, Shop, refreshed, today, weekly


async def test_days_are_those_of_the_zone(context: ServiceContext, client: Client, shop: Shop) -> None:
    # Half past ten in the evening in London in winter is the next day in Johannesburg, and still noon in Honolulu.
    late = today(context.clock) - timedelta(days=10, hours=1.5)
    await shop.sell_at(Item(), [(late + timedelta(days=day), 1 + day % 2) for day in range(10)])

    for tz in ("UTC", "Africa/Johannesburg", "Pacific/Honolulu"):
        page = (await client.get(PATH, params={"tz": tz})).json()
        [found] = page["items"]
        begins = datetime.fromisoformat(found["history"]["from"])
        assert begins == moment(floor(late.astimezone(zone(tz)), "day"), tz)
        first = datetime.fromisoformat(found["forecast"][0]["period"])
        assert first == moment(present(context.clock.now(), "day", tz), tz)
        assert found["history"]["points"] == (first - begins).days


@pytest.mark.parametrize(
    ("now", "grain", "tz", "begins"),
    [
        ("2026-03-31T22:30:00Z", "day", "Africa/Johannesburg", "2026-04-01T00:00:00+02:00"),
        ("2026-03-31T22:30:00Z", "month", "Africa/Johannesburg", "2026-04-01T00:00:00+02:00"),
        ("2026-03-31T22:30:00Z", "month", "UTC", "2026-03-01T00:00:00+00:00"),
        ("2026-03-29T12:00:00Z", "week", "Europe/London", "2026-03-23T00:00:00+00:00"),
        ("2026-03-30T12:00:00Z", "week", "Europe/London", "2026-03-30T00:00:00+01:00"),
        ("2026-01-01T03:00:00Z", "week", "America/New_York", "2025-12-29T00:00:00-05:00"),
    ],
)
def test_a_bucket_begins_by_the_clock_of_its_zone(now: str, grain: str, tz: str, begins: str) -> None:
    found = moment(present(datetime.fromisoformat(now), grain, tz), tz)

    assert found == datetime.fromisoformat(begins)
    assert found.isoformat() == begins


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_steps_and_distances_agree(grain: str) -> None:
    first = floor(datetime(2024, 1, 31, 15, tzinfo=UTC), grain)
    for number in (-30, -1, 0, 1, 11, 12, 13, 400):
        later = step(first, grain, number)
        assert distance(first, later, grain) == number
        assert floor(later, grain) == later


async def test_forecasts_go_on_until_they_are_computed_anew(
    context: ServiceContext, client: Client, shop: Shop, worker: Worker, tenant_id: UUID
) -> None:
    await shop.sell(Item(), weekly(80))
    run = await refreshed(client, worker)
    fresh = (await client.get(PATH, params={"horizon": 5})).json()

    async def aged(days: int) -> None:
        until = datetime.fromisoformat(run["until"]) - timedelta(days=days)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await uow.session.execute(
                update(ForecastRun).where(ForecastRun.is_current).values(until=until.astimezone(UTC))
            )

    await aged(2)
    page = (await client.get(PATH, params={"horizon": 3})).json()

    assert (fresh["is_stale"], page["is_stale"], page["status"]) == (False, True, "ready")
    [before], [after] = fresh["items"], page["items"]
    ahead = [point["quantity"] for point in before["forecast"]]
    assert [point["quantity"] for point in after["forecast"]] == ahead[2:5]
    assert after["forecast"][0]["period"] == before["forecast"][0]["period"]
    assert (page["run"]["status"], page["run"]["id"] != run["id"]) == ("queued", True)

    # Of one that is too old nothing is shown: the answer is computed at once.
    await aged(11)
    old = (await client.get(PATH, params={"horizon": 90})).json()
    assert (old["status"], old["items"][0]["source"]) == ("computing", "direct")
    assert len(old["items"][0]["forecast"]) == 90
