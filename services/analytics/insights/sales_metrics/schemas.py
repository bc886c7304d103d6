"""What sales metrics are asked for, and what they answer."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from libs.common.money import Total
from libs.common.schema import OutSchema
from services.analytics.insights.evidence import Backtest, Interval, Refusal
from services.analytics.reports.period import GrainedPeriod
from services.analytics.reports.schemas import Format, SalesRow


class SalesMetricsQuery(GrainedPeriod):
    """Which stretch to look at: the last 30 days and today unless `from` and `to` are given."""

    format: Format = "json"


class SalesFigures(OutSchema):
    """The figures of one stretch. Shares are 0 to 1, and null where there is nothing to divide by."""

    date_from: Annotated[datetime, Field(serialization_alias="from")]
    date_to: Annotated[datetime, Field(serialization_alias="to")]
    counted_until: Annotated[
        datetime,
        Field(description="Before `to` while the stretch asked for is not over: compared is what is over"),
    ]
    revenue: Annotated[Total, Field(description="Money captured less money refunded")]
    gross: Annotated[Total, Field(description="Money captured for orders, and paid on other invoices")]
    refunds: Total
    orders: Annotated[int, Field(description="Orders placed")]
    paid_orders: int
    units: Annotated[int, Field(description="Pieces in orders paid")]
    average_order_value: Annotated[Total | None, Field(description="Total of the orders paid / their number")]
    refund_rate: Annotated[float | None, Field(description="refunds / gross")]
    customers: Annotated[int, Field(description="Customers with an order paid in the stretch")]
    repeat_rate: Annotated[
        float | None,
        Field(description="The share of these customers with more than one paid order by its end"),
    ]
    order_conversion: Annotated[
        float | None, Field(description="The share of the orders placed in the stretch that were paid")
    ]
    leads: int
    lead_conversion: Annotated[float | None, Field(description="The share of these leads that became deals")]


class Growth(OutSchema):
    """How much more than in another stretch, as a share of what it was there: 0.1 is a tenth more."""

    revenue: float | None
    gross: float | None
    orders: float | None
    units: float | None
    average_order_value: float | None


class TrendEvidence(OutSchema):
    """What the trend rests on."""

    interval: Annotated[Interval, Field(description="Of `change_per_week`, in minor units")]
    backtest: Backtest | None
    days: Annotated[int, Field(description="Complete days looked at, those without sales included")]
    method: str


class SalesTrend(OutSchema):
    """Where daily revenue is going."""

    direction: Annotated[str, Field(examples=["up"], description="up, down, or flat where it may be chance")]
    change_per_week: Annotated[Total, Field(description="By how much a day's revenue differs a week later")]
    evidence: TrendEvidence


class SalesMetrics(SalesFigures):
    """The figures of a stretch, those of the stretches to compare it with, and the trend.

    Of a stretch that is not over, the others are counted as far as it has come.
    """

    currency: str
    tz: str
    grain: str
    previous: Annotated[SalesFigures, Field(description="The stretch of equal length just before")]
    last_year: Annotated[SalesFigures, Field(description="The same days a year before")]
    growth: Annotated[Growth, Field(description="Against `previous`")]
    growth_last_year: Annotated[Growth, Field(description="Against `last_year`")]
    trend: SalesTrend | None
    refused: Annotated[Refusal | None, Field(description="Why there is no trend")]
    items: Annotated[list[SalesRow], Field(description="The rows of the sales report")]
    as_of: datetime
