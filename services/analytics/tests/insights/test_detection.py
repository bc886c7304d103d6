"""The detection on series made for it: what is odd is told, what is usual is not."""

import random

import pytest

from services.analytics.insights.anomalies.backtest import backtest
from services.analytics.insights.anomalies.detection import LEAST_DAYS, Scale, Series, judge

# Five days busy, Saturday half, Sunday closed.
_WEEK = (1.0, 1.1, 0.9, 1.0, 1.4, 0.5, 0.0)


def shop(days: int = 90, seed: int = 1, noise: float = 0.15, growth: float = 0.002) -> list[float]:
    """Revenue of a shop with a weekly season, noise and growth, in cents."""
    chance = random.Random(seed)
    return [
        100_000 * _WEEK[day % 7] * (1 + growth) ** day * chance.lognormvariate(0, noise)
        for day in range(days)
    ]


def series(values: list[float], count: float = 20) -> Series:
    """A series of money."""
    return Series(values, [count] * len(values), unit=1000.0)


@pytest.mark.parametrize("factor", [3.0, 0.2, 0.0])
def test_a_day_far_from_its_like_is_told(factor: float) -> None:
    values = shop()
    at = 88
    assert values[at] > 0
    seen = judge(series(values), at, values[at] * factor)
    assert seen is not None
    assert seen.is_far
    assert (seen.score > 0) == (factor > 1)
    assert not seen.low <= seen.observed <= seen.high
    assert seen.p_value < 1e-4


def test_usual_days_are_not_told_the_weekly_season_and_growth_included() -> None:
    judged = far = 0
    for seed in range(8):
        values = shop(150, seed)
        for at in range(60, 150):
            seen = judge(series(values), at)
            assert seen is not None
            judged += 1
            far += seen.is_far
    assert far / judged < 0.005


def test_what_is_expected_is_near_what_comes() -> None:
    values = [100_000 * _WEEK[day % 7] for day in range(60)]
    for at in range(50, 60):
        seen = judge(series(values), at)
        assert seen is not None
        assert seen.expected == pytest.approx(values[at], rel=0.02, abs=20)
        assert seen.low <= seen.observed <= seen.high


def test_odd_days_of_the_past_do_not_hide_a_new_one() -> None:
    values = shop()
    for day in (30, 44, 58, 72):
        values[day] *= 20
    seen = judge(series(values), 88, values[88] * 4)
    assert seen is not None
    assert seen.is_far


def test_too_few_days_are_not_judged() -> None:
    values = shop(LEAST_DAYS + 1)
    assert judge(series(values), LEAST_DAYS - 1) is None
    assert judge(series(values), LEAST_DAYS) is not None


def test_a_shop_that_sells_now_and_then_is_not_judged_by_money() -> None:
    assert judge(series([5000.0 if day % 3 == 0 else 0.0 for day in range(60)]), 59, 50_000) is None


def test_what_rests_on_few_things_may_differ_by_chance() -> None:
    # One order a day, four today: nothing. A hundred a day to the last one, then four hundred: something.
    few, many = [1.0] * 60, [100.0] * 60
    seldom, often = judge(Series(few, few), 59, 4), judge(Series(many, many), 59, 400)
    assert seldom is not None
    assert often is not None
    assert (seldom.is_far, often.is_far) == (False, True)


def test_shares_are_judged_by_what_they_are_shares_of() -> None:
    shares = [0.0] * 60
    small = judge(Series(shares, [3.0] * 60, Scale.SHARE), 59, 0.33)
    large = judge(Series(shares, [200.0] * 60, Scale.SHARE), 59, 0.33)
    assert small is not None
    assert large is not None
    assert (small.is_far, large.is_far) == (False, True)
    assert (large.expected, large.low) == (0, 0)
    assert 0 < large.high < 0.01


def test_days_without_a_figure_are_passed_over() -> None:
    values: list[float | None] = [5000.0 + day % 3 for day in range(60)]
    values[20] = values[59] = None
    assert judge(Series(values, [20.0] * 60, unit=50.0), 59) is None
    seen = judge(Series(values, [20.0] * 60, unit=50.0), 58)
    assert seen is not None
    assert seen.history == 57


def test_the_backtest_finds_what_it_plants_and_beats_the_week_before() -> None:
    found = backtest(series(shop(120, seed=4)))
    assert found is not None
    assert found["recall"] == round(found["planted_found"] / found["planted"], 4) > 0.9
    assert found["flagged_as_they_were"] <= 0.02
    assert found["backtest"]["beats_naive"] is True
    assert found["backtest"]["error"] < found["backtest"]["naive_error"]
    assert backtest(series(shop(35))) is None
