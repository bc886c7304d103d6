"""Forecasts over HTTP: what they hold, and what is refused."""

from datetime import datetime, timedelta
from math import isclose
from uuid import UUID

import pytest
from sqlalchemy import update

from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.analytics.demand_forecast.answers import Answer
from services.analytics.demand_forecast.engine.examine import examine
from services.analytics.demand_forecast.engine.series import SHAPES
from services.analytics.demand_forecast.history import Cut
from services.analytics.demand_forecast.process import Worker
from services.analytics.demand_forecast.schemas import ForecastQuery
from services.analytics.facts.models import OrderFact
from services.analytics.tests.demand_forecast.conftest import (
    PATH,
    Item,
    Shop,
    refreshed,
    seldom,
    today,
    weekly,
)


async def test_a_forecast_comes_with_its_evidence(
    context: ServiceContext, client: Client, shop: Shop, worker: Worker
) -> None:
    item = Item()
    await shop.sell(item, weekly(120))
    await shop.stock(item, 30)
    await refreshed(client, worker)

    page = (await client.get(PATH, params={"horizon": 7, "level": 0.9})).json()

    assert (page["status"], page["is_stale"], page["run"]["status"]) == ("ready", False, "done")
    assert (page["grain"], page["tz"], page["horizon"], page["level"]) == ("day", "UTC", 7, 0.9)
    [found] = page["items"]
    assert (found["product_id"], found["variant_id"]) == (str(item.product_id), str(item.variant_id))
    assert (found["sku"], found["name"], found["source"]) == ("HB-250", "House blend", "run")
    history = found["history"]
    day = today(context.clock)
    assert datetime.fromisoformat(history["from"]) == day - timedelta(days=120)
    assert datetime.fromisoformat(history["to"]) == day == datetime.fromisoformat(page["until"])
    assert (history["points"], history["zeros"], history["class"]) == (120, 0, "smooth")
    periods = [datetime.fromisoformat(point["period"]) for point in found["forecast"]]
    assert periods == [day + timedelta(days=ahead) for ahead in range(7)]
    for point in found["forecast"]:
        assert 0 <= point["low"] <= point["quantity"] <= point["high"]
    assert isclose(found["total"], sum(point["quantity"] for point in found["forecast"]), abs_tol=0.01)
    evidence = found["backtest"]
    assert (evidence["windows"], evidence["horizon"]) == (3, 14)
    assert evidence["rmsse"] < evidence["naive"]["rmsse"]
    assert isclose(evidence["skill"], 1 - evidence["rmsse"] / evidence["naive"]["rmsse"], abs_tol=1e-3)
    assert evidence["tried"][found["method"]] == evidence["rmsse"] == min(evidence["tried"].values())
    assert 0.8 <= evidence["coverage"] <= 1
    assert found["confidence"] == "high"


async def test_a_wider_level_gives_a_wider_interval(client: Client, shop: Shop) -> None:
    await shop.sell(Item(), weekly(120))

    async def width(**params: float) -> float:
        [found] = (await client.get(PATH, params=params)).json()["items"]
        return float(found["forecast"][0]["high"] - found["forecast"][0]["low"])

    assert await width(level=0.5) < await width(level=0.8) < await width(level=0.98)
    assert await width(interval=0.5) == await width(level=0.5)


def test_coverage_is_counted_without_the_window_it_counts(context: ServiceContext) -> None:
    document = examine([float(value) for value in weekly(120)], SHAPES["day"])
    until = today(context.clock).replace(tzinfo=None)
    cut = Cut("day", "UTC", until)

    def coverage(*windows: list[float]) -> float | None:
        fields = Answer({**document, "errors": list(windows)}, cut, until, ForecastQuery()).fields(None)
        return float(found) if (found := fields["backtest"].coverage) is not None else None

    assert coverage([-1.0, 0.0, 1.0], [99.0, 100.0, 101.0]) == 0
    assert coverage([-1.0, 0.0, 1.0], [-1.0, 0.5, 1.0]) == 1
    assert coverage([-1.0, 0.0, 1.0]) is None


async def test_what_to_order_follows_from_lead_time_and_stock(client: Client, shop: Shop) -> None:
    scarce, plenty, unknown = Item(sku="A"), Item(sku="B"), Item(sku="C")
    for item in (scarce, plenty, unknown):
        await shop.sell(item, [10] * 60)
    await shop.stock(scarce, 25)
    await shop.stock(plenty, 500)

    items = (await client.get(PATH, params={"lead_time_days": 7, "service_level": 0.9})).json()["items"]

    reorder = {found["sku"]: found["reorder"] for found in items}
    assert reorder["A"] == {
        "available": 25,
        "lead_time_days": 7,
        "service_level": 0.9,
        "demand": 70,
        "reorder_point": 70,
        "quantity": 45,
        "is_due": True,
    }
    assert (reorder["B"]["quantity"], reorder["B"]["is_due"]) == (0, False)
    assert reorder["C"] is None
    [weekly_one] = (await client.get(PATH, params={"sku": "A", "grain": "week", "lead_time_days": 7})).json()[
        "items"
    ]
    assert isclose(weekly_one["reorder"]["demand"], 70, rel_tol=0.02)


async def test_a_reserve_is_kept_for_demand_that_varies(client: Client, shop: Shop) -> None:
    item = Item()
    await shop.sell(item, seldom(120))
    await shop.stock(item, 0)

    async def point(service_level: float) -> int:
        params = {"service_level": service_level}
        [found] = (await client.get(PATH, params=params)).json()["items"]
        assert found["reorder"]["reorder_point"] >= found["reorder"]["demand"]
        assert all(point["low"] == 0 for point in found["forecast"])
        return int(found["reorder"]["reorder_point"])

    assert await point(0.5) < await point(0.9) < await point(0.99)


async def test_demand_is_what_was_paid_and_not_cancelled(
    context: ServiceContext, client: Client, shop: Shop, tenant_id: UUID
) -> None:
    item = Item()
    noon = today(context.clock) - timedelta(days=19, hours=12)
    orders = await shop.sell_at(item, [(noon + timedelta(days=day), 1 + day) for day in range(20)])
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        for order_id, change in ((orders[18], {"cancelled_at": noon}), (orders[19], {"paid_at": None})):
            await uow.session.execute(
                update(OrderFact)
                .where(OrderFact.tenant_id == tenant_id, OrderFact.order_id == order_id)
                .values(**change)
            )

    [found] = (await client.get(PATH)).json()["items"]

    assert found["history"]["total"] == sum(range(1, 19))
    assert found["history"]["zeros"] == 2


@pytest.mark.parametrize(("days", "reason"), [(0, "no-history"), (5, "too-little-data")])
async def test_too_little_data_is_refused_with_what_is_missing(
    client: Client, shop: Shop, context: ServiceContext, days: int, reason: str
) -> None:
    item = Item()
    # What was sold today is in a bucket that is not over.
    await shop.sell(item, [2] * (days + 1), last=context.clock.now())

    page = (await client.get(PATH, params={"variant_id": str(item.variant_id)})).json()

    [found] = page["items"]
    assert (found["refused"], found["reason"], found["forecast"]) == (True, reason, [])
    assert found["needs"] == {
        "points": {"needed": 8, "present": days},
        "sales": {"needed": 3, "present": days},
    }
    assert found["history"]["points"] == days
    assert (found["method"], found["backtest"], found["reorder"]) == (None, None, None)


async def test_short_series_get_plain_methods_and_low_confidence(client: Client, shop: Shop) -> None:
    await shop.sell(Item(), weekly(30))

    [found] = (await client.get(PATH)).json()["items"]

    assert found["confidence"] == "low"
    assert set(found["backtest"]["tried"]) == {"seasonal_naive", "window_average"}


async def test_days_on_which_nothing_was_in_stock_count_for_nothing(
    context: ServiceContext, client: Client, shop: Shop
) -> None:
    item, other = Item(sku="A"), Item(sku="B")
    sold = [10] * 60 + [0] * 20 + [10] * 20
    for one in (item, other):
        await shop.sell(one, sold)
    day = today(context.clock)
    await shop.stock_was(item, [(day - timedelta(days=41), 0), (day - timedelta(days=20), 900)])

    items = (await client.get(PATH)).json()["items"]

    masked = {found["sku"]: found["history"]["masked"] for found in items}
    assert masked == {"A": 20, "B": 0}
    assert {found["sku"]: found["backtest"]["mae"] for found in items}["A"] == 0


async def test_only_what_could_not_be_sold_anywhere_and_was_not_is_left_out(
    context: ServiceContext, client: Client, shop: Shop
) -> None:
    day = today(context.clock)
    gone, elsewhere, sold_all_the_same, given_up = (Item(sku=sku) for sku in "ABCD")
    for item in (gone, elsewhere, given_up):
        await shop.sell(item, [10] * 30 + [0] * 120)
    await shop.sell(sold_all_the_same, [10] * 30 + [0, 4] * 60)
    out, back = day - timedelta(days=60), day - timedelta(days=50)
    for item in (gone, elsewhere, sold_all_the_same):
        await shop.stock_was(item, [(out, 0), (back, 9)])
    await shop.stock_was(elsewhere, [(out - timedelta(days=5), 3)])
    await shop.stock_was(given_up, [(day - timedelta(days=100), 0)])

    items = (await client.get(PATH)).json()["items"]

    assert {found["sku"]: found["history"]["masked"] for found in items} == {"A": 10, "B": 0, "C": 5, "D": 0}


async def test_weeks_begin_on_monday_and_months_on_the_first(client: Client, shop: Shop) -> None:
    await shop.sell(Item(), weekly(120))

    for grain, usual in (("week", 8), ("month", 3)):
        page = (await client.get(PATH, params={"grain": grain})).json()
        [found] = page["items"]
        periods = [datetime.fromisoformat(point["period"]) for point in found["forecast"]]
        if grain == "week":
            assert {period.isoweekday() for period in periods} == {1}
            assert len(periods) == usual
        else:
            assert found["reason"] == "too-little-data"
            assert datetime.fromisoformat(found["history"]["to"]).day == 1


async def test_bad_queries_are_named(client: Client) -> None:
    for params in (
        {"grain": "hour"},
        {"horizon": 0},
        {"horizon": 91},
        {"horizon": 25, "grain": "month"},
        {"level": 1},
        {"level": 80},
        {"interval": 0.2},
        {"tz": "Mars/Olympus"},
        {"lead_time_days": 0},
        {"service_level": 1},
        {"product_id": "seven"},
        {"sku": "a\0b"},
        {"limit": 0},
        {"cursor": "x"},
        {"surprise": 1},
    ):
        response = await client.get(PATH, params=params)
        assert response.status_code == 422, params
