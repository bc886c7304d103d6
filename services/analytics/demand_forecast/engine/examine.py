"""Makes the forecast of one series, with all that is needed to judge it; or says what is missing."""

from collections.abc import Mapping
from typing import Any

from services.analytics.demand_forecast.engine import backtest, smoothers
from services.analytics.demand_forecast.engine.series import (
    LEAST_POINTS,
    LEAST_SALES,
    Kind,
    Shape,
    Values,
    kind_of,
    observed,
)
from services.analytics.demand_forecast.engine.smoothers import Forecaster

SIMPLE: Mapping[str, Forecaster] = {
    backtest.NAIVE: smoothers.seasonal_naive,
    backtest.AVERAGE: smoothers.window_average,
}
LIGHT: Mapping[str, Forecaster] = {
    **SIMPLE,
    "ses": smoothers.ses,
    "croston_sba": smoothers.croston_sba,
    "tsb": smoothers.tsb,
}
# Digits kept: quantities are pieces, so more would only look exact.
_DIGITS = 3


def examine(values: Values, shape: Shape, heavy: Mapping[str, Forecaster] | None = None) -> dict[str, Any]:
    """The forecast of a series as a document of plain values; the heavy methods are tried where they may be worth it.

    `path` holds the mean of each bucket ahead, `errors` what was sold less what was forecast, window by window.
    """
    kind = kind_of(values)
    document: dict[str, Any] = {"history": _history(values, kind)}
    if kind.name == "no_history":
        return document | {"refused": _missing(values)}
    methods = dict(LIGHT)
    if len(values) < shape.enough:
        methods = dict(SIMPLE)
    elif heavy and kind.name != "intermittent":
        methods |= heavy
    # What is sold out now is tried up to when it was not.
    tried = values[: 1 + max(place for place, value in enumerate(values) if value is not None)]
    found = backtest.run(tried, shape, methods)
    name = backtest.choose(found)
    trial, naive = found.trials[name], found.trials[backtest.NAIVE]
    earlier = backtest.calibrate(tried, shape, methods, found, name)
    if name == backtest.ENSEMBLE:
        parts = [
            backtest.forecast_with(part, methods[part], values, shape, shape.longest) for part in found.best
        ]
        path = backtest.blend(parts)
    else:
        path = backtest.forecast_with(name, methods[name], values, shape, shape.longest)
    return document | {
        "refused": None,
        "method": name,
        "parts": found.best if name == backtest.ENSEMBLE else [],
        "confidence": _confidence(len(values), shape, trial, naive),
        "path": [round(value, _DIGITS) for value in path],
        "errors": [
            sorted(round(sold - forecast, _DIGITS) for forecast, sold in window)
            for window in (*earlier, *trial.pairs)
        ],
        "ahead": found.ahead,
        "windows": backtest.WINDOWS,
        "scores": _plain(trial),
        "naive": _plain(naive),
        "tried": {other: _rounded(each.error) for other, each in found.trials.items()},
    }


def _history(values: Values, kind: Kind) -> dict[str, Any]:
    known = observed(values)
    return {
        "points": len(values),
        "zeros": sum(value == 0 for value in known),
        "masked": len(values) - len(known),
        "total": round(sum(known), _DIGITS),
        "class": kind.name,
        "adi": _rounded(kind.interval),
        "cv2": _rounded(kind.variation),
    }


def _missing(values: Values) -> dict[str, Any]:
    known = observed(values)
    return {
        "points": {"needed": LEAST_POINTS, "present": len(known)},
        "sales": {"needed": LEAST_SALES, "present": sum(value > 0 for value in known)},
    }


def _confidence(points: int, shape: Shape, trial: backtest.Trial, naive: backtest.Trial) -> str:
    if points < shape.enough or trial.scores.wape is None or trial.scores.wape > 1:
        return "low"
    is_better = trial.error < 0.9 * naive.error
    return "high" if is_better and trial.scores.wape <= 0.5 else "medium"


def _plain(trial: backtest.Trial) -> dict[str, float | None]:
    scores = trial.scores
    return {name: _rounded(getattr(scores, name)) for name in ("mae", "mase", "rmsse", "wape", "bias")}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
