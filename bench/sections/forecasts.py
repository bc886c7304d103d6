"""How good forecasts of demand are beside the naive one, on what they have not seen, and what they cost."""

import asyncio
import random
import time
from collections.abc import Callable

from bench import procfs
from bench.bench import Bench
from bench.report import Row, least, most
from bench.stats import Sample
from services.analytics.demand_forecast.engine import backtest, smoothers
from services.analytics.demand_forecast.engine.intervals import bounds
from services.analytics.demand_forecast.engine.series import SHAPES
from services.analytics.demand_forecast.process import Worker

SECTION = "forecasts"
_DAYS, _AHEAD, _BATCH, _LEVEL = 400, 14, 50, 0.8
_SHAPE = SHAPES["day"]
Made = Callable[[random.Random, int], float]


def _weekly(chance: random.Random, day: int) -> float:
    return 10 * (2.0 if day % 7 >= 5 else 0.6) + chance.gauss(0, 2)


def _trending(chance: random.Random, day: int) -> float:
    return 20 + day / 10 + chance.gauss(0, 4)


def _erratic(chance: random.Random, day: int) -> float:
    return chance.lognormvariate(1.5, 1)


def _seldom(chance: random.Random, day: int) -> float:
    return chance.randint(1, 4) if chance.random() < 0.2 else 0


KINDS: dict[str, Made] = {
    "weekly": _weekly,
    "trending": _trending,
    "erratic": _erratic,
    "intermittent": _seldom,
}


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    number = bench.options.some(250, 5)
    rows = []
    costs: list[dict[str, float]] = []
    for kind, made in KINDS.items():
        series = [_series(made, seed) for seed in range(number)]
        found = bench.runs(
            f"{number} series, {kind}",
            lambda series=series: asyncio.run(_compare(series)),  # type: ignore[misc]
        )
        costs += found
        rows += [
            Row(
                SECTION,
                f"root mean squared error of {_AHEAD} days ahead, {kind}",
                "pieces",
                Sample.of([one["own"] for one in found]),
                Sample.of([one["naive"] for one in found]),
                "the naive forecast: what was sold a week ago",
                most(0.95, "ratio"),
            ),
            Row(
                SECTION,
                f"… within the interval of {_LEVEL:.0%}",
                "%",
                Sample.of([100 * one["inside"] for one in found]),
                target=least(70),
            ),
        ]
    return [
        *rows,
        Row(
            SECTION,
            f"1,000 series of {_DAYS - _AHEAD} days, a quarter of each kind, CPU",
            "s",
            Sample.of(
                [_mean(costs[run :: bench.options.runs], "seconds") for run in range(bench.options.runs)]
            ),
            Sample.of(
                [_mean(costs[run :: bench.options.runs], "plain") for run in range(bench.options.runs)]
            ),
            "the naive forecast alone, tried on the same windows",
            most(30),
        ),
        Row(
            SECTION,
            "… the worker, resident",
            "MB",
            Sample.of([max(one["memory"] for one in costs)]),
            target=most(400),
        ),
    ]


def _mean(found: list[dict[str, float]], name: str) -> float:
    return sum(one[name] for one in found) / len(found)


def _series(made: Made, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [float(max(0, round(made(chance, day)))) for day in range(_DAYS)]


async def _compare(series: list[list[float]]) -> dict[str, float]:
    past = [values[:-_AHEAD] for values in series]
    documents = []
    async with Worker() as worker:
        # The first one loads the libraries, which is no work on series.
        await worker.examine("day", [_series(_trending, 0)])
        assert worker.pid is not None
        began = procfs.cpu_ms([worker.pid])
        for first in range(0, len(past), _BATCH):
            documents += await worker.examine("day", past[first : first + _BATCH])
        seconds = (procfs.cpu_ms([worker.pid]) - began) / 1000
        memory = procfs.memory_mb(worker.pid, "Rss")
    plain = time.process_time()
    repeated = [
        backtest.forecast_with(backtest.NAIVE, smoothers.seasonal_naive, one, _SHAPE, _AHEAD) for one in past
    ]
    for values in past:
        backtest.run(values, _SHAPE, {backtest.NAIVE: smoothers.seasonal_naive})
    plain = time.process_time() - plain
    own = naive = inside = 0.0
    for values, document, other in zip(series, documents, repeated, strict=True):
        low, high = bounds(sorted(error for window in document["errors"] for error in window), _LEVEL)
        for forecast, before, sold in zip(document["path"], other, values[-_AHEAD:], strict=False):
            own += (forecast - sold) ** 2
            naive += (before - sold) ** 2
            inside += max(0.0, forecast + low) <= sold <= forecast + high
    count = len(series) * _AHEAD
    return {
        "own": (own / count) ** 0.5,
        "naive": (naive / count) ** 0.5,
        "inside": inside / count,
        "seconds": seconds / len(series) * 1000,
        "plain": plain / len(series) * 1000,
        "memory": memory,
    }
