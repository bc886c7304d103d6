"""How good the worker's forecasts are on series whose structure is known."""

import random

import pytest

from services.analytics.demand_forecast.engine import smoothers
from services.analytics.demand_forecast.engine.backtest import NAIVE, forecast_with
from services.analytics.demand_forecast.engine.intervals import bounds
from services.analytics.demand_forecast.engine.series import SHAPES
from services.analytics.demand_forecast.process import Worker
from services.analytics.demand_forecast.worker import THETA
from services.analytics.tests.demand_forecast.conftest import seldom, weekly

AHEAD = 14


def trending(days: int, *, seed: int) -> list[int]:
    """Demand that grows by a piece every second day."""
    chance = random.Random(seed)
    return [max(0, round(20 + day / 2 + chance.gauss(0, 3))) for day in range(days)]


async def held_out(worker: Worker, series: list[list[int]]) -> tuple[float, float, float]:
    """The squared error of the forecasts by that of the naive one, the part within the intervals, the use of Theta."""
    found = await worker.examine("day", [values[:-AHEAD] for values in series])
    own = naive = inside = 0.0
    for values, document in zip(series, found, strict=True):
        past, ahead = [float(value) for value in values[:-AHEAD]], values[-AHEAD:]
        plain = forecast_with(NAIVE, smoothers.seasonal_naive, past, SHAPES["day"], AHEAD)
        low, high = bounds(sorted(error for window in document["errors"] for error in window), 0.8)
        for forecast, repeated, sold in zip(document["path"], plain, ahead, strict=False):
            own += (forecast - sold) ** 2
            naive += (repeated - sold) ** 2
            inside += forecast + low <= sold <= forecast + high
    theta = sum(THETA in (document["method"], *document["parts"]) for document in found)
    return (own / naive) ** 0.5, inside / len(series) / AHEAD, theta / len(series)


@pytest.mark.parametrize(
    ("make", "least"),
    [(weekly, 0.85), (seldom, 0.85), (trending, 0.85)],
    ids=["weekly", "intermittent", "trending"],
)
async def test_forecasts_beat_the_naive_one_on_what_they_have_not_seen(
    worker: Worker, make: object, least: float
) -> None:
    assert callable(make)
    series = [make(140, seed=seed) for seed in range(12)]

    error, inside, theta = await held_out(worker, series)

    assert error < least
    assert 0.65 <= inside <= 0.95
    assert (theta > 0.5) == (make is trending)


async def test_equal_series_have_equal_forecasts(worker: Worker) -> None:
    series = [trending(90, seed=1), seldom(90), weekly(90)]

    assert await worker.examine("day", series) == await worker.examine("day", series)
