"""Queries, bodies and answers of forecasts of demand."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from libs.common.filters import ListQuery
from libs.common.pagination import DEFAULT_LIMIT, MAX_LIMIT
from libs.common.schema import OutSchema, Schema
from services.analytics.demand_forecast.models import RunStatus

Grain = Literal["day", "week", "month"]
# How far ahead can be asked for, and how far is looked unless something is said.
MOST_AHEAD = {"day": 90, "week": 52, "month": 24}
USUAL = {"day": 14, "week": 8, "month": 3}
# Of those named that were never sold the catalog is asked, of products one by one.
MOST_NAMED = 50
Sku = Annotated[str, Field(min_length=1, max_length=200, pattern="^[^\\x00]*$")]


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("not an IANA time zone such as Africa/Johannesburg")
    return value


Zone = Annotated[
    str,
    AfterValidator(_known_zone),
    Field(
        max_length=64,
        description="IANA time zone in which days, weeks (from Monday) and months begin",
        examples=["Africa/Johannesburg"],
    ),
]
_Company = Annotated[UUID | None, Field(description="The business to act in (superusers)")]


class ForecastQuery(BaseModel):
    """Which series to forecast, and how."""

    model_config = ConfigDict(extra="forbid")

    product_id: Annotated[
        list[UUID] | None, Field(max_length=MOST_NAMED, description="The variants of these products only")
    ] = None
    variant_id: Annotated[
        list[UUID] | None, Field(max_length=MOST_NAMED, description="These variants only")
    ] = None
    sku: Annotated[list[Sku] | None, Field(max_length=MOST_NAMED, description="These SKUs only")] = None
    grain: Annotated[Grain, Field(description="How long the buckets are")] = "day"
    horizon: Annotated[
        int | None,
        Field(
            ge=1,
            le=max(MOST_AHEAD.values()),
            description="Buckets ahead, from the one that runs now: up to 90 days, 52 weeks, 24 months; "
            "14, 8 and 3 unless given",
        ),
    ] = None
    level: Annotated[
        float, Field(ge=0.5, le=0.99, description="How likely demand shall lie between `low` and `high`")
    ] = 0.8
    interval: Annotated[float | None, Field(ge=0.5, le=0.99, description="Another name for `level`")] = None
    tz: Zone = "UTC"
    lead_time_days: Annotated[
        int, Field(ge=1, le=180, description="Days until what is ordered now can be sold, for `reorder`")
    ] = 14
    service_level: Annotated[
        float,
        Field(ge=0.5, le=0.99, description="How likely the stock shall last that long, for `reorder`"),
    ] = 0.95
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Series on a page")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2000, description="`next_cursor` of the page before")] = (
        None
    )
    company_id: _Company = None

    @model_validator(mode="after")
    def _within_reach(self) -> "ForecastQuery":
        if self.horizon is not None and self.horizon > MOST_AHEAD[self.grain]:
            raise ValueError(f"`horizon` goes up to {MOST_AHEAD[self.grain]} with the grain {self.grain}")
        return self

    @property
    def ahead(self) -> int:
        """How many buckets are asked for."""
        return self.horizon or USUAL[self.grain]

    @property
    def wanted_level(self) -> float:
        """The level of the interval, under whichever name it came."""
        return self.level if self.interval is None else self.interval


class RefreshBody(Schema):
    """What to compute anew; all three grains unless one is named."""

    grain: Grain | None = None
    tz: Zone = "UTC"


class ForecastPoint(OutSchema):
    """One bucket ahead: the mean of the demand, and between what it should lie. Pieces."""

    period: datetime = Field(description="When the bucket begins")
    quantity: float = Field(description="Demand on the average")
    low: float
    high: float


class Missing(OutSchema):
    """What is needed of something, and what there is."""

    needed: int
    present: int


class Needs(OutSchema):
    """What a forecast needs."""

    points: Missing = Field(description="Buckets that are over, since the first sale")
    sales: Missing = Field(description="Buckets with a sale")


class DemandHistory(OutSchema):
    """What a forecast was made from. Buckets without a sale count; the one that runs now does not."""

    model_config = ConfigDict(populate_by_name=True)

    points: int = Field(description="Buckets from the first sale on")
    begins: datetime | None = Field(None, alias="from", description="When the first bucket begins")
    ends: datetime | None = Field(None, alias="to", description="When the last bucket ends")
    zeros: int = Field(description="Buckets in which nothing was sold")
    masked: int = Field(description="Buckets left out because nothing was in stock")
    total: float = Field(description="Pieces sold in all of them")
    kind: str = Field(
        alias="class", description="`smooth`, `erratic`, `intermittent` or `no_history`", examples=["smooth"]
    )
    adi: float | None = Field(description="Buckets per bucket with a sale; intermittent from 1.32 on")
    cv2: float | None = Field(
        description="Squared coefficient of variation of what was sold; erratic from 0.49 on"
    )


class Errors(OutSchema):
    """By how much a method was off. Those relative to something that was zero are null."""

    mae: float = Field(description="Mean absolute error, pieces a bucket")
    mase: float | None = Field(description="mae by that of a naive forecast one step ahead")
    rmsse: float | None = Field(description="The same of squared errors; methods are chosen by it")
    wape: float | None = Field(description="Sum of the absolute errors by what was sold")
    bias: float = Field(description="Forecast less sold on the average, pieces a bucket")


class NaiveErrors(Errors):
    """How the forecast did that everybody can make: what was sold a season ago, or last."""

    method: str = "seasonal_naive"


class BacktestOut(Errors):
    """How the method did when it was given the past only as far as a moment, and compared with what came then."""

    windows: int = Field(description="From how many moments it was tried")
    horizon: int = Field(description="How many buckets each of them looked ahead")
    naive: NaiveErrors
    skill: float | None = Field(
        description="1 less rmsse by that of the naive forecast: above 0 it is better"
    )
    coverage: float | None = Field(
        description="Which part of the past lay within such an interval, made without it; compare with `level`"
    )
    tried: dict[str, float] = Field(description="The rmsse (or mae) of each method that was tried")


class Reorder(OutSchema):
    """What to order now so that the stock lasts until it comes. Pieces."""

    available: int = Field(description="What can be sold now, in all warehouses")
    lead_time_days: int
    service_level: float
    demand: float = Field(description="Demand within the lead time, on the average")
    reorder_point: int = Field(description="Demand within the lead time is no more, with that likelihood")
    quantity: int = Field(description="What is missing")
    is_due: bool


class ForecastOut(OutSchema):
    """The forecast of a variant with its evidence, or the refusal to make one and why."""

    product_id: UUID
    variant_id: UUID
    sku: str
    name: str
    refused: bool
    reason: str | None = Field(description="`no-history` or `too-little-data`, where refused")
    detail: str | None
    needs: Needs | None
    history: DemandHistory
    method: str | None = Field(examples=["ses"])
    parts: list[str] = Field(description="The methods whose median it is, where `method` says so")
    confidence: Literal["high", "medium", "low"] | None
    forecast: list[ForecastPoint]
    total: float | None = Field(description="The sum of the quantities ahead")
    level: float
    backtest: BacktestOut | None
    reorder: Reorder | None = Field(description="Null where no stock is kept, or where refused")
    source: Literal["run", "direct"] = Field(
        description="direct: computed for this answer, with the plain methods only"
    )
    as_of: datetime


class RunOut(OutSchema):
    """A computation of all forecasts of one grain and zone."""

    id: UUID
    grain: str
    tz: str
    status: RunStatus
    is_current: bool = Field(description="Whether its forecasts are those that are shown")
    until: datetime | None = Field(description="The end of the history that it looked at")
    series: int | None = Field(description="How many there are; null before it has begun")
    computed: int
    refused: int = Field(description="Those with too little data")
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class RunQuery(ListQuery):
    """How to list runs."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("tz", "grain", "error")

    status: list[RunStatus] | None = None
    grain: list[Grain] | None = None


class RefreshOut(OutSchema):
    """The runs that compute what was asked for; those that were under way already among them."""

    status: Literal["queued"] = "queued"
    runs: list[RunOut]


class ForecastPage(OutSchema):
    """One page of forecasts, those sold most lately first."""

    items: list[ForecastOut]
    next_cursor: str | None = Field(None, description="Send it as `cursor` to read on; null on the last page")
    grain: str
    tz: str
    horizon: int
    level: float
    status: Literal["ready", "computing", "empty"] = Field(
        description="ready: from a finished run; computing: a run waits or is under way, and the items were computed "
        "for this answer; empty: nothing was sold yet"
    )
    as_of: datetime = Field(description="When the forecasts were computed")
    until: datetime = Field(description="The end of the history they were computed from")
    is_stale: bool = Field(description="Whether buckets have ended since; a new run is on its way then")
    run: RunOut | None = Field(description="The run that waits or is under way, else the one shown")
