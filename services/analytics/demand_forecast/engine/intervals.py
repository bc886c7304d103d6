"""Between which bounds demand will lie, from by how much the backtest was off: split conformal prediction."""

from bisect import bisect_left
from collections.abc import Sequence
from math import ceil, floor, sqrt


def bounds(errors: Sequence[float], level: float) -> tuple[float, float]:
    """What to add to a forecast for its low and its high end; `errors` are sold less forecast, in order.

    Of `n` errors the ranks are those of `n + 1` intervals between them, so that the level holds for few errors, too.
    A level that so few cannot bear gives the extremes.
    """
    count, tail = len(errors), (1 - level) / 2
    low = floor((count + 1) * tail + 1e-9) - 1
    high = ceil((count + 1) * (1 - tail) - 1e-9) - 1
    return errors[max(low, 0)], errors[min(high, count - 1)]


def widened(step: int, tested: int) -> float:
    """By how much wider the interval of a step (from 0) is that lies beyond what the backtest looked at."""
    return 1.0 if step < tested else sqrt((step + 1) / tested)


def share_within(errors: Sequence[float], low: float, high: float) -> float:
    """Which part of ordered errors lies within bounds."""
    inside = sum(low <= error <= high for error in errors[bisect_left(errors, low) :])
    return inside / len(errors)
