"""Ways to forecast that cost next to nothing. Each takes a series and gives the mean of the buckets ahead.

The definitions are those of statsforecast, which the tests compare them with; they are written out so that a serving
process can use them too. A bucket without a value changes nothing.
"""

from collections.abc import Callable
from math import inf

from services.analytics.demand_forecast.engine.series import Shape, Values, observed

Forecaster = Callable[[Values, Shape, int], list[float]]

_LEVELS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
_CROSTON, _DEMAND, _CHANCE = 0.1, 0.1, 0.1


def seasonal_naive(values: Values, shape: Shape, ahead: int) -> list[float]:
    """What was sold at the same place of the last season; without one, what was sold last."""
    season = shape.season if len(values) >= shape.season * shape.seasons else 1
    last = []
    for place in range(season):
        same = observed(values[(len(values) + place) % season :: season])
        last.append(same[-1] if same else 0.0)
    return [last[step % season] for step in range(ahead)]


def window_average(values: Values, shape: Shape, ahead: int) -> list[float]:
    """The mean of the last few buckets."""
    known = observed(values)[-shape.window :]
    return [sum(known) / len(known)] * ahead


def ses(values: Values, shape: Shape, ahead: int) -> list[float]:
    """Simple exponential smoothing, with the weight that would have erred least."""
    known = observed(values)
    best, least = known[0], inf
    for weight in _LEVELS:
        level, error = smoothed(known, weight)
        if error < least:
            best, least = level, error
    return [best] * ahead


def smoothed(known: list[float], weight: float) -> tuple[float, float]:
    """The level after the last value, and the sum of the squared errors of one step ahead."""
    level, error = known[0], 0.0
    for value in known[1:]:
        gap = value - level
        error += gap * gap
        level += weight * gap
    return level, error


def croston_sba(values: Values, shape: Shape, ahead: int) -> list[float]:
    """Croston's method with the correction of Syntetos and Boylan (2005): size of a sale by time between sales."""
    size = interval = 0.0
    waited = 0
    for value in observed(values):
        waited += 1
        if value > 0:
            if size == 0.0:
                size, interval = value, float(waited)
            else:
                size += _CROSTON * (value - size)
                interval += _CROSTON * (waited - interval)
            waited = 0
    rate = (1 - _CROSTON / 2) * size / interval if interval else 0.0
    return [rate] * ahead


def tsb(values: Values, shape: Shape, ahead: int) -> list[float]:
    """The method of Teunter, Syntetos and Babai (2011): like Croston's, but the chance of a sale fades while none is."""
    known = observed(values)
    sold = [value for value in known if value > 0]
    if not sold:
        return [0.0] * ahead
    size, chance = sold[0], 1.0 if known[0] > 0 else 0.0
    first = True
    for value in known:
        if value > 0:
            size += 0.0 if first else _DEMAND * (value - size)
            first = False
        chance += _CHANCE * ((value > 0) - chance)
    return [size * chance] * ahead
