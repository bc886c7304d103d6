"""What lists of anomalies are asked for, and what they answer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from libs.common.filters import ListQuery
from libs.common.money import Money
from libs.common.pagination import Page
from libs.common.schema import OutSchema, Schema
from services.analytics.insights.evidence import Backtest, Interval, Refusal


class MetricName(StrEnum):
    """What is watched."""

    REVENUE = "revenue"
    ORDERS = "orders"
    AVERAGE_ORDER_VALUE = "average_order_value"
    REFUND_RATE = "refund_rate"
    PRODUCT_UNITS = "product_units"


class Severity(StrEnum):
    """How far off a figure was: from 4, 6 and 8 robust standard deviations on."""

    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Direction(StrEnum):
    """More than was likely, or less."""

    HIGH = "high"
    LOW = "low"


class Status(StrEnum):
    """Whether somebody has seen to it."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"


class AnomalyQuery(ListQuery):
    """How to list anomalies."""

    model_config = ConfigDict(populate_by_name=True)

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "day", "impact")
    default_order: ClassVar[str] = "-day"
    searchable: ClassVar[tuple[str, ...]] = ("product_name", "note")
    named_by: ClassVar[tuple[str, ...]] = ("metric",)

    metric: list[MetricName] | None = None
    severity: list[Severity] | None = None
    direction: list[Direction] | None = None
    status: list[Status] | None = None
    product_id: list[UUID] | None = None
    day_from: Annotated[date | None, Field(alias="from", description="First day")] = None
    day_to: Annotated[date | None, Field(alias="to", description="Last day")] = None


class AnomalyAcknowledge(Schema):
    """What there is to say of it."""

    note: Annotated[str | None, Field(max_length=2000, examples=["The fair was on that day"])] = None


class AnomalyEvidence(OutSchema):
    """What the judgement rests on. Figures are in the unit of the anomaly."""

    observed: float
    expected: float
    interval: Interval
    score: Annotated[float, Field(description="Distance in robust standard deviations; beyond 4 is told")]
    p_value: Annotated[float, Field(description="How likely so great a distance is by chance")]
    history_days: Annotated[int, Field(description="Days that it was judged by")]


class AnomalyOut(OutSchema):
    """A figure of one day that was far from what was likely."""

    id: UUID
    metric: MetricName
    day: date
    tz: str
    direction: Direction
    severity: Severity
    status: Status
    unit: Annotated[str, Field(examples=["minor_units"], description="minor_units, count or share")]
    currency: str
    observed: float
    expected: float
    impact: Annotated[Money, Field(description="What the distance comes to")]
    product_id: UUID | None
    product_name: str | None
    explanation: str
    evidence: AnomalyEvidence
    note: str | None
    acknowledged_at: datetime | None
    acknowledged_by_id: UUID | None
    detected_at: datetime


class DetectionEvidence(OutSchema):
    """How well the detection does on the business's own last eight weeks of revenue."""

    threshold: Annotated[float, Field(description="Robust standard deviations beyond which a figure is told")]
    backtest: Backtest
    planted: Annotated[int, Field(description="Days tried with three times and a fifth of their revenue")]
    planted_found: int
    recall: Annotated[float | None, Field(description="planted_found / planted")]
    flagged_as_they_were: Annotated[
        float, Field(description="The share of days flagged with nothing planted")
    ]


class AnomalyPage(Page[AnomalyOut]):
    """One page of anomalies, and what the last run came to."""

    as_of: Annotated[datetime | None, Field(description="When the days were last judged")]
    refused: Refusal | None
    evidence: DetectionEvidence | None


UNITS = {
    MetricName.REVENUE: "minor_units",
    MetricName.ORDERS: "count",
    MetricName.AVERAGE_ORDER_VALUE: "minor_units",
    MetricName.REFUND_RATE: "share",
    MetricName.PRODUCT_UNITS: "count",
}
