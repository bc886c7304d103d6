"""Turns what was computed of a series into the answer to a question: horizon, level, lead time."""

from datetime import datetime
from itertools import chain
from math import ceil, sqrt
from statistics import NormalDist
from typing import Any

from services.analytics.demand_forecast.calendar import DAYS, distance, moment, step
from services.analytics.demand_forecast.engine.intervals import bounds, share_within, widened
from services.analytics.demand_forecast.engine.series import LEAST_POINTS, LEAST_SALES
from services.analytics.demand_forecast.history import Cut
from services.analytics.demand_forecast.schemas import (
    BacktestOut,
    DemandHistory,
    ForecastPoint,
    ForecastQuery,
    NaiveErrors,
    Needs,
    Reorder,
)

_DIGITS = 3
# Errors of few windows are sometimes so lopsided that the expansion would not hold.
_MOST_SKEWED = 2.0


class Answer:
    """The answer about one series.

    `document` is what the engine found of it up to the end of `cut`; the buckets ahead begin with `present`.
    """

    def __init__(self, document: dict[str, Any], cut: Cut, present: datetime, query: ForecastQuery) -> None:
        self._document = document
        self._cut = cut
        self._query = query
        self._level = query.wanted_level
        # Buckets that have ended since it was computed.
        self._skipped = max(0, distance(cut.until, present, cut.grain))

    def fields(self, available: int | None) -> dict[str, Any]:
        """The fields of the answer but those that name the series."""
        refused = self._document["refused"]
        common = {"history": self._history(), "level": self._level, "refused": refused is not None}
        if refused is not None:
            return common | {
                **_reason(refused),
                "method": None,
                "parts": [],
                "confidence": None,
                "forecast": [],
                "total": None,
                "backtest": None,
                "reorder": None,
            }
        points = self._points()
        return common | {
            "reason": None,
            "detail": None,
            "needs": None,
            "method": self._document["method"],
            "parts": self._document["parts"],
            "confidence": self._document["confidence"],
            "forecast": points,
            "total": round(sum(point.quantity for point in points), _DIGITS),
            "backtest": self._backtest(),
            "reorder": None if available is None else self._reorder(available),
        }

    def _history(self) -> DemandHistory:
        known = self._document["history"]
        first = self._document.get("first")
        return DemandHistory.model_validate(
            {
                **known,
                "from": first and moment(datetime.fromisoformat(first), self._cut.tz),
                "to": self._cut.ends_at if first else None,
            }
        )

    def _points(self) -> list[ForecastPoint]:
        errors = sorted(chain.from_iterable(self._document["errors"]))
        low, high = bounds(errors, self._level)
        points = []
        for place in range(
            self._skipped, min(self._skipped + self._query.ahead, len(self._document["path"]))
        ):
            quantity, wider = self._document["path"][place], widened(place, self._document["ahead"])
            points.append(
                ForecastPoint(
                    period=moment(step(self._cut.until, self._cut.grain, place), self._cut.tz),
                    quantity=quantity,
                    low=round(min(quantity, max(0.0, quantity + low * wider)), _DIGITS),
                    high=round(max(quantity, quantity + high * wider), _DIGITS),
                )
            )
        return points

    def _backtest(self) -> BacktestOut:
        document = self._document
        naive = NaiveErrors(**document["naive"])
        own = document["scores"]
        better = own["rmsse"], naive.rmsse
        return BacktestOut(
            **own,
            windows=document["windows"],
            horizon=document["ahead"],
            naive=naive,
            skill=round(1 - better[0] / better[1], 4) if better[0] is not None and better[1] else None,
            coverage=self._coverage(),
            tried=document["tried"],
        )

    def _coverage(self) -> float | None:
        """Which part of each window lies within the interval that the others give."""
        windows = [window for window in self._document["errors"] if window]
        if len(windows) < 2:
            return None
        inside = 0.0
        for place, window in enumerate(windows):
            others = sorted(chain.from_iterable(windows[:place] + windows[place + 1 :]))
            inside += share_within(window, *bounds(others, self._level)) * len(window)
        return round(inside / sum(map(len, windows)), 4)

    def _reorder(self, available: int) -> Reorder:
        query = self._query
        buckets = query.lead_time_days / DAYS[self._cut.grain]
        ahead = self._document["path"][self._skipped :]
        whole = int(buckets)
        demand = sum(ahead[:whole]) + (buckets - whole) * (ahead[whole] if whole < len(ahead) else 0.0)
        most = demand + self._reserve(buckets)
        point = max(0, ceil(most - 1e-9))
        return Reorder(
            available=available,
            lead_time_days=query.lead_time_days,
            service_level=query.service_level,
            demand=round(demand, _DIGITS),
            reorder_point=point,
            quantity=max(0, point - available),
            is_due=available < point,
        )

    def _reserve(self, buckets: float) -> float:
        """By how much demand over so many buckets exceeds its mean at most, with the likelihood asked for.

        From the moments of the backtest's errors, as if those of different buckets had nothing to do with each other
        (Cornish and Fisher, 1938).
        """
        errors = list(chain.from_iterable(self._document["errors"]))
        spread = sqrt(sum(error * error for error in errors) / len(errors))
        if spread == 0:
            return 0.0
        skew = sum((error / spread) ** 3 for error in errors) / len(errors)
        skew = max(-_MOST_SKEWED, min(_MOST_SKEWED, skew))
        score = NormalDist().inv_cdf(self._query.service_level)
        return max(0.0, spread * (score * sqrt(buckets) + (score * score - 1) * skew / 6))


def unsold() -> dict[str, Any]:
    """What is found of a series of which nothing was sold."""
    return {
        "first": None,
        "history": {
            "points": 0,
            "zeros": 0,
            "masked": 0,
            "total": 0.0,
            "class": "no_history",
            "adi": None,
            "cv2": None,
        },
        "refused": {
            "points": {"needed": LEAST_POINTS, "present": 0},
            "sales": {"needed": LEAST_SALES, "present": 0},
        },
    }


def _reason(needs: dict[str, Any]) -> dict[str, Any]:
    points, sales = needs["points"], needs["sales"]
    detail = (
        f"A forecast needs {points['needed']} buckets since the first sale and {sales['needed']} with a sale; "
        f"there are {points['present']} and {sales['present']}."
    )
    return {
        "reason": "too-little-data" if points["present"] else "no-history",
        "detail": detail,
        "needs": Needs.model_validate(needs),
    }
