"""The process that forecasts: reads batches of series, one JSON object a line, and writes what it found of each.

`python -m services.analytics.demand_forecast.worker`. It knows no database and no secret, and ends with its input. The
libraries that it needs are loaded when the first series asks for them.
"""

import os
import sys
import warnings
from typing import Any

import orjson

from services.analytics.demand_forecast.engine.examine import examine
from services.analytics.demand_forecast.engine.series import SHAPES, Shape, Values, observed

THETA = "dynamic_optimized_theta"
# It costs by the length of what it sees, and what lies further back hardly counts.
_SEEN = 200
# Whoever serves comes first.
_NICE = 10


def theta(values: Values, shape: Shape, ahead: int) -> list[float]:
    """The dynamic optimised Theta method (Fiorucci and others, 2016), of a series without its season."""
    import numpy
    from statsforecast.models import DynamicOptimizedTheta

    values = values[-_SEEN:]
    known = observed(values)
    mean = sum(known) / len(known)
    filled = numpy.array([mean if value is None else value for value in values], dtype=float)
    found = DynamicOptimizedTheta(season_length=1).forecast(y=filled, h=ahead)["mean"]
    return [float(value) for value in found]


def answer(line: bytes) -> bytes:
    """What was found of a batch: `{"grain", "series": [[…], …]}` gives a document for each series."""
    batch = orjson.loads(line)
    shape = SHAPES[batch["grain"]]
    return orjson.dumps([document(values, shape) for values in batch["series"]])


def document(values: Values, shape: Shape) -> dict[str, Any]:
    """What was found of one series; where the heavy method fails, without it."""
    try:
        return examine(values, shape, {THETA: theta})
    except (ArithmeticError, ValueError, RuntimeError):
        return examine(values, shape)


def main() -> None:
    """Answer until the input ends."""
    os.nice(_NICE)
    warnings.simplefilter("ignore")
    # What a library prints is no answer.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        output.write(answer(line) + b"\n")
        output.flush()


if __name__ == "__main__":
    main()
