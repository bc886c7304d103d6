"""The trend of daily figures."""

import random

import pytest

from services.analytics.insights.sales_metrics.trend import backtest, trend_of


def test_a_straight_line_is_found_with_no_doubt() -> None:
    found = trend_of([100.0 + 3 * day for day in range(40)])
    assert found.slope == pytest.approx(3)
    assert found.level == pytest.approx(217)
    assert (found.low, found.high) == (pytest.approx(3), pytest.approx(3))


def test_the_interval_holds_the_slope_about_as_often_as_it_says() -> None:
    # Days that hang on the day before and a weekly season: a plain standard error holds the slope far less often.
    held, runs = 0, 200
    for seed in range(runs):
        noise, values, before = random.Random(seed), [], 0.0
        for day in range(120):
            before = 0.4 * before + noise.gauss(0, 30)
            values.append(1000 + 2 * day + (80 if day % 7 == 5 else 0) + before)
        found = trend_of(values)
        held += found.low <= 2 <= found.high
    assert held / runs >= 0.88


def test_the_backtest_prefers_the_trend_where_there_is_one_and_not_where_weeks_repeat() -> None:
    noise = random.Random(3)
    growing = backtest([1000 + 40 * day + noise.gauss(0, 60) for day in range(120)])
    wandering, at = [], 1000.0
    for day in range(120):
        at += noise.gauss(0, 150) if day % 7 == 0 else 0
        wandering.append(at)
    chance = backtest(wandering)
    assert growing
    assert growing.error < growing.naive
    assert chance
    assert chance.error > chance.naive
    assert growing.origins == 8


def test_there_is_no_backtest_of_one_week() -> None:
    assert backtest([1.0] * 41) is None
    found = backtest([1.0] * 42)
    assert found
    assert (found.origins, found.error, found.naive) == (2, pytest.approx(0), pytest.approx(0))
