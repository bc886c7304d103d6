"""What every insight shows of how far it can be trusted."""

from typing import Annotated

from pydantic import Field

from libs.common.schema import OutSchema

CONFIDENCE = 0.95


class Interval(OutSchema):
    """Between these the true value is likely to lie."""

    low: float
    high: float
    confidence: Annotated[float, Field(examples=[0.95])] = CONFIDENCE


class Backtest(OutSchema):
    """How far off the method was on stretches it had not seen, beside a naive forecast of the same stretches.

    Both errors are in the measure named: lower is better.
    """

    measure: Annotated[str, Field(examples=["mean absolute error"])]
    error: float
    naive_error: float
    naive: Annotated[str, Field(examples=["the seven days before"], description="What the naive forecast is")]
    origins: Annotated[int, Field(description="Forecasts made, each from another day")]
    beats_naive: bool


class Refusal(OutSchema):
    """Why nothing is said, and what it would take."""

    reason: Annotated[str, Field(examples=["too-little-data"])]
    detail: Annotated[str, Field(examples=["There are 9 days of sales."])]
    needs: Annotated[str, Field(examples=["28 complete days of sales"])]


TOO_LITTLE, NOT_COMPUTED = "too-little-data", "not-computed-yet"


def too_little(detail: str, needs: str) -> Refusal:
    """There is too little data."""
    return Refusal(reason=TOO_LITTLE, detail=detail, needs=needs)
