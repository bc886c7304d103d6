"""What analytics publishes: what it noticed in the figures of a business."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event


class AnomalyDetected(Event):
    """A figure of one day was far from what its history made likely. Money is in minor units of `currency`."""

    wire_name = "analytics.anomaly_detected.v1"
    about: ClassVar[tuple[str, str]] = ("anomaly", "anomaly_id")

    anomaly_id: UUID
    metric: str
    day: date
    direction: str
    severity: str
    observed: float
    expected: float
    low: float
    high: float
    score: float
    currency: str
    product_id: UUID | None = None
    product_name: str | None = None
    detected_at: datetime
