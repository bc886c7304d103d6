"""Rows of anomalies."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Float, Integer
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.analytics.db import Base


class Anomaly(TenantRow, Base):
    """A figure of one day that was far from what was likely.

    `observed`, `expected`, `low` and `high` are statistics of the metric: minor units of `currency`, a count or a share.
    `subject` is the id of the product that a figure is of, or empty. `score` is the distance in robust standard
    deviations, `impact` what the distance comes to in minor units.
    """

    __tablename__ = "anomalies"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'acknowledged')", name="status"),
        CheckConstraint("(status = 'acknowledged') = (acknowledged_at IS NOT NULL)", name="acknowledged_at"),
        *list_indexes(
            "anomalies",
            "metric",
            "severity",
            "direction",
            "status",
            "product_id",
            order=("day", "impact"),
            unique=(("metric", "subject", "day"),),
        ),
        search_index("analytics", "anomalies", "product_name", "note"),
    )

    metric: Mapped[str]
    subject: Mapped[str] = mapped_column(server_default="")
    product_id: Mapped[UUID | None]
    product_name: Mapped[str | None]
    day: Mapped[date]
    tz: Mapped[str]
    currency: Mapped[str]
    direction: Mapped[str]
    severity: Mapped[str]
    observed: Mapped[float] = mapped_column(Float)
    expected: Mapped[float] = mapped_column(Float)
    low: Mapped[float] = mapped_column(Float)
    high: Mapped[float] = mapped_column(Float)
    score: Mapped[float] = mapped_column(Float)
    p_value: Mapped[float] = mapped_column(Float)
    impact: Mapped[int]
    history_days: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(server_default="open")
    note: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by_id: Mapped[UUID | None]
