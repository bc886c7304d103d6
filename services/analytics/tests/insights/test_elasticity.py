"""Elasticities: found where they were put in, and refused where they cannot be told."""

import random
from math import exp, log, sqrt

import pytest

from services.analytics.insights.price_recommendations.advice import advise
from services.analytics.insights.price_recommendations.elasticity import (
    Elasticity,
    Week,
    estimate,
    hold_out,
    price_weeks,
    variation,
)
from services.analytics.insights.price_recommendations.pooling import Pooled, pool_of, shrink
from services.analytics.insights.price_recommendations.regression import NotEstimable, inverse, poisson, solve


def weeks(elasticity: float, seed: int = 1, count: int = 80, base: float = 60.0) -> list[Week]:
    """Weeks of a variant whose price moves by itself, in a business that is busier in some weeks."""
    chance = random.Random(seed)
    found = []
    for n in range(count):
        price = 1000 * exp(chance.uniform(-0.25, 0.25))
        busy = exp(chance.gauss(0, 0.3))
        mean = base * busy * (price / 1000) ** elasticity * exp(0.002 * n)
        units = max(0, round(chance.gauss(mean, sqrt(mean) * 1.3)))
        found.append(Week(units, price, 500 * busy, units > 0))
    return found


def test_an_elasticity_put_in_is_found_within_its_interval() -> None:
    held = 0
    for seed in range(60):
        found = estimate(weeks(-2.0, seed))
        held += abs(found.value + 2.0) <= 1.96 * found.error
        assert found.value == pytest.approx(-2.0, abs=0.8)
    assert held >= 52


def test_the_regression_is_that_of_a_table() -> None:
    # Two groups: the coefficients are the logarithms of their means, whatever the path there.
    rows = [[1.0, 0.0]] * 4 + [[1.0, 1.0]] * 4
    fit = poisson(rows, [2, 4, 6, 8, 10, 20, 30, 40])
    assert fit.coefficients == [pytest.approx(log(5)), pytest.approx(log(25) - log(5))]


def test_zeros_are_weeks_too() -> None:
    some = weeks(-1.5, base=0.8, count=104)
    assert sum(week.units == 0 for week in some) > 20
    found = estimate(some)
    assert abs(found.value + 1.5) < 2.5 * found.error


def test_a_price_that_only_rose_with_time_tells_nothing() -> None:
    trended = [Week(10, 1000 * exp(0.01 * n), 100) for n in range(40)]
    with pytest.raises(NotEstimable):
        estimate(trended)
    with pytest.raises(NotEstimable):
        estimate([Week(0, 1000 + n % 5, 100) for n in range(40)])


def test_systems_of_equations() -> None:
    assert solve([[0.0, 2.0], [3.0, 1.0]], [4.0, 5.0]) == [1.0, 2.0]
    assert inverse([[2.0, 0.0], [0.0, 4.0]]) == [[0.5, 0.0], [0.0, 0.25]]
    with pytest.raises(NotEstimable):
        solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 2.0])


def test_weeks_and_prices_are_counted_where_something_was_sold() -> None:
    some = [Week(1, 100, 0), Week(0, 500, 0, is_observed=False), Week(2, 104, 0)]
    assert price_weeks(some) == 2
    assert variation(some) == pytest.approx(4 / 102)


def test_weeks_held_out_tell_an_elasticity_from_none() -> None:
    real, none = hold_out(weeks(-3.0)), hold_out(weeks(0.0, seed=4))
    assert real is not None
    assert none is not None
    assert real.error < 0.8 * real.naive
    assert none.error > 0.95 * none.naive
    assert hold_out(weeks(-3.0, count=25)) is None


def test_a_poor_estimate_leans_on_the_pool_and_a_good_one_does_not() -> None:
    estimates = [Elasticity(-2 + 0.2 * n, 0.2) for n in range(-4, 5)]
    pool = pool_of(estimates)
    assert pool is not None
    assert pool.mean == pytest.approx(-2)
    poor, good = shrink(Elasticity(3.0, 4.0), pool), shrink(Elasticity(-1.0, 0.01), pool)
    assert poor.value == pytest.approx(-2, abs=0.1)
    assert poor.high < 0
    assert good.value == pytest.approx(-1, abs=0.01)
    assert poor.weight_of_pool > 0.97 > 0.01 > good.weight_of_pool


def test_a_pool_of_few_is_none() -> None:
    assert pool_of([Elasticity(-2, 1)] * 4) is None
    own = shrink(Elasticity(-2, 1), None)
    assert (own.value, own.low, own.high) == (
        -2,
        pytest.approx(-3.96, abs=0.01),
        pytest.approx(-0.04, abs=0.01),
    )


def test_equal_estimates_have_nothing_between_them() -> None:
    pool = pool_of([Elasticity(-2, 0.5)] * 9)
    assert pool is not None
    assert (pool.between, pool.error) == (0, pytest.approx(0.5 / 3))
    assert shrink(Elasticity(-5, 0.5), pool).value == -2


@pytest.mark.parametrize(
    ("low", "value", "high", "action", "price"),
    [
        # Within a fifth of the price asked, and a tenth of those that were paid.
        (-0.8, -0.5, -0.2, "raise", 1200),
        (-3.0, -2.5, -2.0, "lower", 810),
        # Which way revenue goes is not known.
        (-1.5, -0.9, -0.3, "keep", 1000),
        (-1.7, -1.1, -0.5, "keep", 1000),
    ],
)
def test_a_price_is_recommended_only_where_either_end_of_the_interval_says_so(
    low: float, value: float, high: float, action: str, price: int
) -> None:
    found = advise(Pooled(value, low, high, 0.0), 1000, 900, 1400)
    assert (found.action, found.price) == (action, price)
    assert found.low <= found.change <= found.high
    assert (found.low > 0) == (action != "keep")


def test_a_price_at_the_end_of_what_was_tried_is_kept() -> None:
    assert advise(Pooled(-0.5, -0.8, -0.2, 0.0), 1100, 900, 1000).action == "keep"
    assert advise(Pooled(-0.5, -0.8, -0.2, 0.0), 2000, 900, 1000).action == "keep"
    assert advise(Pooled(-2.5, -3.0, -2.0, 0.0), 500, 900, 1000).action == "keep"
