"""The trend of daily figures: its slope with an interval, and how well it foretold weeks that were over."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from services.analytics.insights.intervals import t_quantile

# Four whole weeks, so that the rise and fall within a week is no trend.
LEAST_DAYS = 28
WEEK = 7
_MOST_ORIGINS = 8


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through daily figures: `level` on the last day, `slope` a day, and the interval of the slope."""

    level: float
    slope: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean absolute errors of the sums of whole weeks, by the trend and by the week before."""

    error: float
    naive: float
    origins: int


def trend_of(values: Sequence[float], confidence: float = 0.95) -> Trend:
    """The trend of at least `LEAST_DAYS` days, oldest first.

    Least squares; the standard error allows for days that resemble those up to a week before them (Newey and West,
    Econometrica 55, 1987) and is widened for few days as usual (n / (n - 2)).
    """
    days = len(values)
    middle, mean = (days - 1) / 2, sum(values) / days
    spread = sum((day - middle) ** 2 for day in range(days))
    slope = sum((day - middle) * value for day, value in enumerate(values)) / spread
    scores = [(day - middle) * (value - mean - slope * (day - middle)) for day, value in enumerate(values)]
    long_run = sum(score * score for score in scores)
    for lag in range(1, WEEK + 1):
        weight = 1 - lag / (WEEK + 1)
        long_run += 2 * weight * sum(a * b for a, b in zip(scores[lag:], scores, strict=False))
    error = sqrt(max(long_run, 0.0) * days / (days - 2)) / spread
    half = t_quantile((1 + confidence) / 2, days - 2) * error
    return Trend(mean + slope * (days - 1 - middle), slope, slope - half, slope + half)


def backtest(values: Sequence[float]) -> Errors | None:
    """How far off the trend was on whole weeks it had not seen; None where fewer than two can be tried."""
    errors, naive = [], []
    for back in range(1, _MOST_ORIGINS + 1):
        end = len(values) - back * WEEK
        if end < LEAST_DAYS:
            break
        seen, came = values[:end], sum(values[end : end + WEEK])
        found = trend_of(seen[-8 * WEEK :])
        told = sum(found.level + found.slope * ahead for ahead in range(1, WEEK + 1))
        errors.append(abs(came - max(told, 0.0)))
        naive.append(abs(came - sum(seen[-WEEK:])))
    if len(errors) < 2:
        return None
    return Errors(sum(errors) / len(errors), sum(naive) / len(naive), len(errors))
