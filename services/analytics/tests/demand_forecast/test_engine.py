"""Forecasts from numbers: each part against what is known of it."""

import random
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.demand_forecast.engine import backtest, smoothers
from services.analytics.demand_forecast.engine.examine import LIGHT, examine
from services.analytics.demand_forecast.engine.intervals import bounds, share_within, widened
from services.analytics.demand_forecast.engine.scores import naive_scale, scores
from services.analytics.demand_forecast.engine.seasonality import profile, within, without
from services.analytics.demand_forecast.engine.series import SHAPES, kind_of
from services.analytics.tests.demand_forecast.conftest import seldom, weekly

DAY = SHAPES["day"]
# Ten buckets, and what statsforecast 2.1.1 makes of them.
KNOWN = [0.0, 2.0, 0.0, 0.0, 5.0, 1.0, 0.0, 3.0, 0.0, 4.0]


def test_the_smoothers_give_what_the_library_gives() -> None:
    assert isclose(smoothers.smoothed(KNOWN, 0.3)[0], 1.9997238, abs_tol=1e-6)
    assert isclose(smoothers.croston_sba(KNOWN, DAY, 1)[0], 1.1578468, abs_tol=1e-6)
    assert isclose(smoothers.tsb(KNOWN, DAY, 1)[0], 0.8465529, abs_tol=1e-6)


def test_the_naive_forecast_repeats_the_last_season() -> None:
    values = [float(number) for number in range(23)]

    assert smoothers.seasonal_naive(values, DAY, 9) == [16, 17, 18, 19, 20, 21, 22, 16, 17]
    assert smoothers.seasonal_naive(values[:20], DAY, 2) == [19, 19], "three seasons are needed"


def test_an_average_looks_at_the_last_buckets_alone() -> None:
    assert smoothers.window_average([100.0] * 10 + [3.0] * 28, DAY, 2) == [3, 3]


def test_buckets_without_a_value_change_no_forecast() -> None:
    values = [float(value) for value in seldom(90)]
    holes = [part for value in values for part in (value, None)]

    for name in ("ses", "croston_sba", "tsb", "window_average"):
        assert LIGHT[name](holes, DAY, 3) == LIGHT[name](values, DAY, 3), name


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([5, 6, 5, 4, 5, 6, 5, 5], "smooth"),
        ([1, 30, 2, 1, 40, 1, 2, 50], "erratic"),
        ([0, 0, 3, 0, 0, 2, 0, 0, 0, 3], "intermittent"),
        ([0, 0, 0, 0, 0, 0, 0, 0], "no_history"),
        ([5, 6, 5, 4, 5, 6, 5], "no_history"),
        ([1, 0, 0, 0, 0, 0, 0, 1], "no_history"),
    ],
)
def test_demand_is_classified_as_the_literature_does(values: list[float], kind: str) -> None:
    assert kind_of(values).name == kind


def test_a_season_is_found_and_taken_out() -> None:
    values = [float(value) for value in weekly(120, level=100)]

    factors = profile(values, DAY)

    assert factors is not None
    # The day after the last one is the second of the week: 120 = 17 * 7 + 1.
    assert [factor > 1.5 for factor in factors] == [False, False, False, False, True, True, False]
    plain = without(values, factors)
    assert profile(plain, DAY) is None
    assert within([10.0] * 8, factors)[7] == 10 * factors[0]


def test_noise_is_no_season() -> None:
    found = 0
    for seed in range(100):
        chance = random.Random(seed)
        found += profile([float(chance.randint(0, 9)) for _ in range(120)], DAY) is not None

    assert found < 15


def test_closed_days_are_forecast_closed() -> None:
    chance = random.Random(3)
    values = [0.0 if day % 7 == 6 else float(chance.randint(8, 12)) for day in range(119)]

    path = examine(values, DAY)["path"]

    assert max(path[6::7]) < 1
    assert min(path[:6]) > 8


def test_scores_are_what_their_names_say() -> None:
    found = scores([(3.0, 1.0), (2.0, 4.0), (5.0, 5.0)], (2.0, 4.0))

    assert (found.mae, found.bias) == (4 / 3, 0.0)
    assert found.mase == 4 / 3 / 2
    assert found.rmsse is not None
    assert isclose(found.rmsse, (8 / 3 / 4) ** 0.5)
    assert found.wape == 0.4
    assert scores([(1.0, 0.0)], (0.0, 0.0)).mase is None
    assert scores([(1.0, 0.0)], (0.0, 0.0)).wape is None
    assert naive_scale([1.0, None, 3.0, 4.0], 1) == (1.0, 1.0)


def test_the_best_method_is_chosen_only_if_it_beats_the_plain_ones() -> None:
    chance = random.Random(1)
    walk = [50.0]
    for _ in range(200):
        walk.append(max(0.0, walk[-1] + chance.choice((-5, 5))))

    found = backtest.run(walk, SHAPES["week"], LIGHT)

    chosen = backtest.choose(found)
    assert found.trials[chosen].error == min(trial.error for trial in found.trials.values())
    useless = {name: LIGHT[name] for name in (backtest.NAIVE, backtest.AVERAGE)}
    worse = backtest.run(walk, SHAPES["week"], {**useless, "ses": lambda *_: [0.0] * 4})
    assert backtest.choose(worse) in useless


def test_a_method_sees_nothing_of_what_it_is_tried_on() -> None:
    seen: list[int] = []

    def spy(values: smoothers.Values, shape: smoothers.Shape, ahead: int) -> list[float]:
        seen.append(len(values))
        return [1.0] * ahead

    backtest.run([1.0, 2.0] * 50, DAY, {**LIGHT, "spy": spy})

    assert seen == [100 - 42, 100 - 28, 100 - 14]


@given(st.lists(st.integers(0, 60), min_size=8, max_size=150), st.sampled_from(sorted(SHAPES)))
def test_any_series_has_a_forecast_or_a_reason(values: list[int], grain: str) -> None:
    shape = SHAPES[grain]
    holes = [None if value % 11 == 7 else value for value in values]

    found = examine(holes, shape)

    if found["refused"] is None:
        assert len(found["path"]) == shape.longest
        assert all(0 <= value < 10_000 for value in found["path"])
        errors = min(found["tried"][name] for name in (backtest.NAIVE, backtest.AVERAGE))
        assert found["tried"][found["method"]] <= errors
        assert found == examine(holes, shape)
    else:
        needs = found["refused"]
        assert any(need["present"] < need["needed"] for need in needs.values())


def test_of_few_errors_the_bounds_are_the_outer_ones() -> None:
    errors = [float(number) for number in range(1, 10)]

    assert bounds(errors, 0.8) == (1.0, 9.0)
    assert bounds(errors, 0.6) == (2.0, 8.0)
    assert bounds(errors, 0.99) == (1.0, 9.0)
    assert share_within(errors, 2.0, 8.0) == 7 / 9
    assert (widened(3, 4), widened(15, 4)) == (1.0, 2.0)


def test_intervals_hold_what_they_promise() -> None:
    chance = random.Random(5)
    inside = 0
    for _ in range(400):
        errors = sorted(chance.gauss(0, 1) for _ in range(42))
        low, high = bounds(errors, 0.8)
        inside += low <= chance.gauss(0, 1) <= high

    assert 0.77 <= inside / 400 <= 0.87
