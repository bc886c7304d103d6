"""A series of demand as numbers, what is known of it, and what kind of demand it is."""

from collections.abc import Sequence
from dataclasses import dataclass

# Quantities of equally long buckets, oldest first; None where nothing could be sold.
Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Shape:
    """How series of one grain are looked at, in buckets.

    Attributes:
        season: after how many buckets demand may repeat itself.
        seasons: how often it must have done so before that is looked for.
        window: how many buckets an average covers.
        tested: how far ahead each window of the backtest looks, at most.
        enough: below so many buckets a series is short: only the simplest methods are tried.
        longest: how far ahead forecasts reach.
        kept: how many buckets of history are read.
    """

    season: int
    seasons: int
    window: int
    tested: int
    enough: int
    longest: int
    kept: int


SHAPES = {
    "day": Shape(season=7, seasons=3, window=28, tested=14, enough=56, longest=100, kept=400),
    "week": Shape(season=52, seasons=2, window=8, tested=4, enough=26, longest=56, kept=160),
    "month": Shape(season=12, seasons=2, window=6, tested=3, enough=24, longest=26, kept=72),
}

# Below these there is nothing to test a forecast on.
LEAST_POINTS, LEAST_SALES = 8, 3

# Syntetos, Boylan, Croston: On the categorization of demand patterns (2005).
_SELDOM, _VARIED = 1.32, 0.49


@dataclass(frozen=True, slots=True)
class Kind:
    """What kind of demand a series is.

    Attributes:
        name: `smooth`, `erratic`, `intermittent` or `no_history`.
        interval: buckets per bucket with a sale (ADI); None without sales.
        variation: the squared coefficient of variation of the quantities sold (CV²); None without sales.
    """

    name: str
    interval: float | None
    variation: float | None


def observed(values: Values) -> list[float]:
    """The values that are known."""
    return [value for value in values if value is not None]


def kind_of(values: Values) -> Kind:
    """The kind of demand."""
    known = observed(values)
    sold = [value for value in known if value > 0]
    if not sold:
        return Kind("no_history", None, None)
    mean = sum(sold) / len(sold)
    interval = len(known) / len(sold)
    variation = sum((value - mean) ** 2 for value in sold) / len(sold) / mean**2
    if len(known) < LEAST_POINTS or len(sold) < LEAST_SALES:
        name = "no_history"
    elif interval >= _SELDOM:
        name = "intermittent"
    else:
        name = "erratic" if variation >= _VARIED else "smooth"
    return Kind(name, interval, variation)
