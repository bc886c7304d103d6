"""Tries ways to forecast on the past: from three moments in turn, with what was known then."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from services.analytics.demand_forecast.engine.scores import Scores, naive_scale, scores
from services.analytics.demand_forecast.engine.seasonality import profile, within, without
from services.analytics.demand_forecast.engine.series import LEAST_POINTS, Shape, Values
from services.analytics.demand_forecast.engine.smoothers import Forecaster

WINDOWS = 3
# Further windows before these, which tell how far off the chosen method may be, and nothing of how it was chosen.
MORE = 3
# Of a series so short that less would be left, the windows are shorter.
_LEAST_TRAINING = 5
NAIVE, AVERAGE, ENSEMBLE = "seasonal_naive", "window_average", "ensemble_median"
_BLENDED = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """How one method did.

    Attributes:
        pairs: what was forecast and what was sold, by window.
    """

    pairs: list[list[tuple[float, float]]]
    scores: Scores

    @property
    def error(self) -> float:
        """What methods are compared by: RMSSE, or where that has no scale the absolute error."""
        return self.scores.mae if self.scores.rmsse is None else self.scores.rmsse


@dataclass(frozen=True, slots=True)
class Backtest:
    """How all methods did, and the buckets that each window looked ahead."""

    trials: dict[str, Trial]
    ahead: int
    best: list[str]


def forecast_with(name: str, method: Forecaster, values: Values, shape: Shape, ahead: int) -> list[float]:
    """The forecast of a method; all but the naive one see the series without its season, which is put back on."""
    factors = None if name == NAIVE else profile(values, shape)
    if factors is None:
        return [max(0.0, value) for value in method(values, shape, ahead)]
    found = within(method(without(values, factors), shape, ahead), factors)
    return [max(0.0, value) for value in found]


def blend(forecasts: list[list[float]]) -> list[float]:
    """The median of several forecasts, bucket by bucket."""
    return [median(values) for values in zip(*forecasts, strict=True)]


def run(values: Values, shape: Shape, methods: Mapping[str, Forecaster]) -> Backtest:
    """Try the methods, and the ensemble of the best of them."""
    ahead = max(1, min(shape.tested, (len(values) - _LEAST_TRAINING) // WINDOWS))
    ends = [len(values) - ahead * left for left in range(WINDOWS, 0, -1)]
    season = shape.season if ends[0] >= shape.season * shape.seasons else 1
    scale = naive_scale(values[: ends[0]], season)
    made: dict[str, list[list[float]]] = {}
    for name, method in methods.items():
        made[name] = [forecast_with(name, method, values[:end], shape, ahead) for end in ends]
    trials = {name: _trial(found, values, ends, scale) for name, found in made.items()}
    best = sorted((name for name in trials if name != NAIVE), key=lambda name: trials[name].error)[:_BLENDED]
    if len(best) == _BLENDED:
        blended = [blend([made[name][window] for name in best]) for window in range(WINDOWS)]
        trials[ENSEMBLE] = _trial(blended, values, ends, scale)
    return Backtest(trials, ahead, best)


def _trial(made: list[list[float]], values: Values, ends: list[int], scale: tuple[float, float]) -> Trial:
    pairs = _pairs(made, values, ends)
    return Trial(pairs, scores([pair for window in pairs for pair in window], scale))


def _pairs(made: list[list[float]], values: Values, ends: list[int]) -> list[list[tuple[float, float]]]:
    return [
        [
            (forecast, sold)
            for forecast, sold in zip(found, values[end : end + len(found)], strict=True)
            if sold is not None
        ]
        for found, end in zip(made, ends, strict=True)
    ]


def calibrate(
    values: Values, shape: Shape, methods: Mapping[str, Forecaster], backtest: Backtest, name: str
) -> list[list[tuple[float, float]]]:
    """What a method would have forecast from further moments, each a window earlier, and what was sold."""
    names = backtest.best if name == ENSEMBLE else [name]
    ends = [len(values) - backtest.ahead * left for left in range(WINDOWS + MORE, WINDOWS, -1)]
    ends = [end for end in ends if end >= max(shape.enough // 2, LEAST_POINTS)]
    made = [
        blend([forecast_with(each, methods[each], values[:end], shape, backtest.ahead) for each in names])
        for end in ends
    ]
    return _pairs(made, values, ends)


def choose(backtest: Backtest) -> str:
    """The method that erred least, if by that it beats the naive forecast and the plain average; else the better of them."""
    trials = backtest.trials
    simple = min((AVERAGE, NAIVE), key=lambda name: trials[name].error)
    best = min(trials, key=lambda name: trials[name].error)
    return best if trials[best].error < trials[simple].error else simple
