"""How sales of one variant answer its price, week by week, and how well that foretells weeks it was not told from."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from statistics import fmean, median

from services.analytics.insights.price_recommendations.regression import NotEstimable, poisson

LEAST_PRICE_WEEKS = 20
LEAST_VARIATION = 0.05
_YEAR = 52
_NAIVE_WEEKS = 4
_LEAST_HELD_OUT = 8


@dataclass(frozen=True, slots=True)
class Week:
    """One week of a variant: pieces sold, their price in minor units, and the pieces sold of all other variants.

    `is_observed` is false where nothing was sold, so that the price is the one that was asked.
    """

    units: float
    price: float
    others: float
    is_observed: bool = True


@dataclass(frozen=True, slots=True)
class Elasticity:
    """By how many percent more is sold at a price one percent higher, with its standard error."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Held:
    """Mean absolute errors in pieces a week, on weeks that the elasticity was not told from."""

    error: float
    naive: float
    weeks: int


def price_weeks(weeks: Sequence[Week]) -> int:
    """In how many weeks a price was seen to be paid."""
    return sum(week.is_observed for week in weeks)


def variation(weeks: Sequence[Week]) -> float:
    """How far prices that were paid lie apart, as a share of the usual one."""
    prices = [week.price for week in weeks if week.is_observed]
    return (max(prices) - min(prices)) / median(prices) if prices else 0.0


def estimate(weeks: Sequence[Week]) -> Elasticity:
    """The elasticity, with what changes by itself taken out: a trend, and how busy the business was.

    Raises:
        NotEstimable: price and time went the same way all along, or nothing was sold.
    """
    prices = _centred([log(week.price) for week in weeks])
    columns = [prices, _centred([n / _YEAR for n in range(len(weeks))])]
    busy = _centred([log(week.others + 1) for week in weeks])
    if max(busy) - min(busy) > 1e-6:
        columns.append(busy)
    fit = poisson([[1.0, *row] for row in zip(*columns, strict=True)], [week.units for week in weeks])
    if fit.errors[1] <= 0:
        raise NotEstimable
    return Elasticity(fit.coefficients[1], fit.errors[1])


def hold_out(weeks: Sequence[Week]) -> Held | None:
    """How far off the last third of the weeks is foretold; None where too little is left to estimate from.

    The naive forecast of a week is the mean of the four before it; ours is the same, each of them brought to the
    week's price by the elasticity of the first two thirds.
    """
    held = max(_LEAST_HELD_OUT, len(weeks) // 3)
    seen, rest = weeks[:-held], weeks[-held:]
    if price_weeks(seen) < LEAST_PRICE_WEEKS or variation(seen) < LEAST_VARIATION:
        return None
    try:
        elasticity = estimate(seen).value
    except NotEstimable:
        return None
    errors, naive = [], []
    for n, week in enumerate(rest, len(seen)):
        before = weeks[n - _NAIVE_WEEKS : n]
        told = fmean(one.units * (week.price / one.price) ** elasticity for one in before)
        errors.append(abs(week.units - told))
        naive.append(abs(week.units - fmean(one.units for one in before)))
    return Held(fmean(errors), fmean(naive), len(errors))


def _centred(values: Sequence[float]) -> list[float]:
    middle = fmean(values)
    return [value - middle for value in values]
