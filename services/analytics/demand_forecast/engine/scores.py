"""What a forecast was off by, on a scale that compares series: Hyndman and Koehler (2006) and the M5 competition."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from services.analytics.demand_forecast.engine.series import Values

Pairs = Sequence[tuple[float, float]]
"""What was forecast and what was sold, bucket by bucket."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The errors of one method. Those relative to something that is zero are None.

    Attributes:
        mae: mean absolute error, pieces a bucket.
        mase, rmsse: mean absolute and root mean squared error, by that of the naive forecast one step ahead.
        wape: the sum of the absolute errors by the sum of what was sold.
        bias: mean of forecast less sold, pieces a bucket.
    """

    mae: float
    mase: float | None
    rmsse: float | None
    wape: float | None
    bias: float


def scores(pairs: Pairs, scale: tuple[float, float]) -> Scores:
    """The errors, by the mean absolute and mean squared naive error of `scale`."""
    count = len(pairs)
    gaps = [forecast - sold for forecast, sold in pairs]
    absolute = sum(map(abs, gaps))
    squared = sum(gap * gap for gap in gaps) / count
    sold = sum(value for _, value in pairs)
    by_absolute, by_squared = scale
    return Scores(
        mae=absolute / count,
        mase=absolute / count / by_absolute if by_absolute else None,
        rmsse=sqrt(squared / by_squared) if by_squared else None,
        wape=absolute / sold if sold else None,
        bias=sum(gaps) / count,
    )


def naive_scale(values: Values, season: int) -> tuple[float, float]:
    """The mean absolute and mean squared difference of buckets that lie a season apart."""
    gaps = [
        later - earlier
        for earlier, later in zip(values, values[season:], strict=False)
        if earlier is not None and later is not None
    ]
    if not gaps:
        return 0.0, 0.0
    return sum(map(abs, gaps)) / len(gaps), sum(gap * gap for gap in gaps) / len(gaps)
