"""How well the detection does on the business's own history: on days as they were, and with anomalies put in."""

from typing import Any

from services.analytics.insights.anomalies.detection import LEAST_DAYS, THRESHOLD, Series, judge
from services.analytics.insights.evidence import Backtest

_TRIED_DAYS = 56
_LEAST_TRIED = 14
_WEEK = 7
# What is put in, one day at a time: three times as much, and a fifth.
_FACTORS = (3.0, 0.2)


def backtest(series: Series) -> dict[str, Any] | None:
    """Errors of what was expected, beside the same day of the week before, and how many planted anomalies are found.

    None where fewer than two weeks can be tried.
    """
    last = len(series.values)
    errors, naive, far, planted, found = [], [], 0, 0, 0
    for day in range(max(LEAST_DAYS, last - _TRIED_DAYS), last):
        seen, before = judge(series, day), series.values[day - _WEEK]
        if seen is None or before is None:
            continue
        errors.append(abs(seen.observed - seen.expected))
        naive.append(abs(seen.observed - before))
        far += seen.is_far
        for factor in _FACTORS:
            changed = judge(series, day, (series.values[day] or 0.0) * factor)
            if changed is not None and seen.observed > 0:
                planted += 1
                found += changed.is_far
    if len(errors) < _LEAST_TRIED:
        return None
    error, other = sum(errors) / len(errors), sum(naive) / len(naive)
    told = Backtest(
        measure="mean absolute error of a day's revenue, in minor units",
        error=round(error, 2),
        naive_error=round(other, 2),
        naive="the same day of the week before",
        origins=len(errors),
        beats_naive=error < other,
    )
    return {
        "threshold": THRESHOLD,
        "backtest": told.model_dump(),
        "planted": planted,
        "planted_found": found,
        "recall": round(found / planted, 4) if planted else None,
        "flagged_as_they_were": round(far / len(errors), 4),
    }
