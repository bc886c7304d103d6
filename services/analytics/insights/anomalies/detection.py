"""Tells a day's figure that is far from what its history made likely; plain arithmetic on daily series.

A figure is set beside the median of the four weeks before it, by its day of the week, on a scale on which a doubling
weighs as much at any size. How far it is off is measured in robust standard deviations of such distances (median absolute
deviation), which single odd days do not widen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import asin, expm1, log1p, pi, sin, sqrt
from statistics import median

from services.analytics.insights.intervals import two_sided_p

LEAST_DAYS = 28
THRESHOLD = 4.0
_WINDOW = 29
_HISTORY = 120
_WEEK = 7
# The standard deviation of a normal distribution is so many median absolute deviations.
_ROBUST = 1.4826
_HALF_WIDTH = 1.959964
# Days that resemble each other to the cent say nothing of how much days may differ.
_LEAST_SPREAD = 0.05
_MOST_EMPTY = 0.4


class Scale(Enum):
    """How figures of a kind are compared: sizes by their logarithm, shares by their angle."""

    SIZE = "size"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Series:
    """One figure, day by day, oldest first; None where a day has none.

    Attributes:
        counts: what each day's figure rests on. Chance alone moves what rests on few things: the spread is taken for no
            less than that of so many of them.
        unit: what is small for a figure of this kind. Nothing at all is that much below one unit on the scale.
    """

    values: Sequence[float | None]
    counts: Sequence[float]
    scale: Scale = Scale.SIZE
    unit: float = 1.0

    def place(self, value: float) -> float:
        """A figure on the scale."""
        if self.scale is Scale.SIZE:
            return log1p(max(value, 0.0) / self.unit)
        return asin(sqrt(min(max(value, 0.0), 1.0)))

    def figure(self, place: float) -> float:
        """The figure of a place on the scale."""
        if self.scale is Scale.SIZE:
            return max(expm1(place), 0.0) * self.unit
        return sin(min(max(place, 0.0), pi / 2)) ** 2


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was seen on a day, what was likely, and how far apart they are, in robust standard deviations."""

    observed: float
    expected: float
    low: float
    high: float
    score: float
    history: int

    @property
    def p_value(self) -> float:
        """How likely so great a distance is by chance alone."""
        return two_sided_p(self.score)

    @property
    def is_far(self) -> bool:
        """Whether the distance is beyond the threshold."""
        return abs(self.score) > THRESHOLD


def judge(series: Series, at: int, value: float | None = None) -> Judgement | None:
    """The judgement of a day by those before it, as if its figure were `value` where one is given.

    None where the day has no figure or fewer than `LEAST_DAYS` days before it have one, or too many of them are empty.
    """
    observed = series.values[at] if value is None else value
    start = max(0, at - _HISTORY)
    days = [day for day in range(start, at) if series.values[day] is not None]
    if observed is None or len(days) < LEAST_DAYS:
        return None
    seen = {day: float(series.values[day] or 0.0) for day in days}
    if series.scale is Scale.SIZE and sum(v == 0 for v in seen.values()) > _MOST_EMPTY * len(days):
        return None
    places = {day: series.place(figure) for day, figure in seen.items()}
    usual = _by_weekday(places, days)
    level = {day: place - usual[day % _WEEK] for day, place in places.items()}
    errors = _errors(level, days)
    middle = median(errors)
    spread = _ROBUST * median(abs(error - middle) for error in errors)
    center = median([level[day] for day in days[-_WINDOW:]]) + usual[at % _WEEK] + middle
    rests_on = median([series.counts[day] for day in days[-_WINDOW:]])
    spread = max(spread, _LEAST_SPREAD, _chance(series.scale, rests_on))
    half = _HALF_WIDTH * spread
    return Judgement(
        observed=observed,
        expected=series.figure(center),
        low=series.figure(center - half),
        high=series.figure(center + half),
        score=(series.place(observed) - center) / spread,
        history=len(days),
    )


def _by_weekday(places: dict[int, float], days: list[int]) -> list[float]:
    """By how much each day of the week usually differs from the four weeks around it; 0 where it is not known."""
    found: list[list[float]] = [[] for _ in range(_WEEK)]
    for index, day in enumerate(days):
        around = days[max(0, index - _WINDOW // 2) : index + _WINDOW // 2 + 1]
        found[day % _WEEK].append(places[day] - median([places[near] for near in around]))
    return [median(differences) if len(differences) > 2 else 0.0 for differences in found]


def _errors(level: dict[int, float], days: list[int]) -> list[float]:
    """How far each day was from the median of the days before it."""
    least = min(_WINDOW, len(days) // 2)
    return [
        level[day] - median([level[before] for before in days[max(0, index - _WINDOW) : index]])
        for index, day in enumerate(days)
        if index >= least
    ]


def _chance(scale: Scale, count: float) -> float:
    """The standard deviation by chance of what rests on so many things (Poisson; binomial for shares)."""
    return 1 / sqrt(count + 1) if scale is Scale.SIZE else 0.5 / sqrt(max(count, 1.0))
