"""What the reports answer."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from libs.common.money import Total
from libs.common.schema import OutSchema
from services.analytics.reports.period import GrainedPeriod, Period

Format = Annotated[Literal["json", "csv"], Field(description="csv gives the same rows as a file")]


class SalesQuery(GrainedPeriod):
    """How to read the sales report."""

    format: Format = "json"


class TopProductsQuery(Period):
    """How to rank products."""

    by: Literal["revenue", "quantity"] = "revenue"
    limit: Annotated[int, Field(ge=1, le=200)] = 10
    format: Format = "json"


class FunnelQuery(Period):
    """Which pipeline to look at."""

    pipeline: Annotated[
        str | None, Field(max_length=200, description="A pipeline's name; all of them unless given")
    ] = None


class SalesRow(OutSchema):
    """One row of the sales report. `period` is the moment it begins, in the time zone of the report."""

    period: datetime
    orders: int = Field(description="Orders placed")
    units: int = Field(description="Pieces in orders paid")
    gross: Total = Field(description="Money captured for orders, and paid on other invoices")
    refunds: Total
    revenue: Total = Field(description="gross - refunds")


class SalesReport(OutSchema):
    """Sales over time."""

    grain: str
    tz: str
    currency: str
    items: list[SalesRow]
    totals: SalesRow | None


class IncomeRow(OutSchema):
    """Money in and out in one row of the grain and one currency."""

    period: datetime
    captured: Total
    refunded: Total
    net: Total


class IncomeSummary(OutSchema):
    """Income over time, by currency."""

    grain: str
    tz: str
    items: list[IncomeRow]
    totals: list[Total]


class FunnelStage(OutSchema):
    """A stage of a pipeline. `share` is the part of the pipeline's deals that have been in it, 0 to 1."""

    pipeline: str
    stage: str
    entered: int
    now: int
    won: int
    share: float


class FunnelReport(OutSchema):
    """How far deals come."""

    items: list[FunnelStage]


class LeadSource(OutSchema):
    """What one source of leads brought."""

    source: str
    leads: int
    converted: int
    won: int
    won_amount: Total
    conversion: float = Field(description="converted / leads, 0 to 1")


class LeadSourceReport(OutSchema):
    """Where leads come from."""

    items: list[LeadSource]


class TopProduct(OutSchema):
    """A product and how it sold."""

    product_id: UUID
    name: str
    quantity: int
    revenue: Total = Field(description="After discounts, without tax, added or within prices")
    orders: int


class TopProductReport(OutSchema):
    """The products sold most."""

    by: str
    currency: str
    items: list[TopProduct]
