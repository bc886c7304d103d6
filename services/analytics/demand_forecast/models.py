"""Rows of forecasts: the runs that make them, and the series of a run."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import search_index
from services.analytics.db import Base


class RunStatus(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_UNFINISHED = text("status IN ('queued', 'running')")
_CURRENT = text("is_current")


class ForecastRun(TenantRow, Base):
    """One computation of all forecasts of a business in one grain and time zone.

    Attributes:
        until: where its history ends: the beginning of the first bucket that is forecast.
        series, computed, refused: how many series there are, have been looked at, and have too little data.
        is_current: whether its forecasts are those that are shown.
        asked_at: when somebody last asked for such forecasts.
    """

    __tablename__ = "forecast_runs"
    __table_args__ = (
        CheckConstraint("grain IN ('day', 'week', 'month')", "grain"),
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", "status"),
        *list_indexes("forecast_runs", "status", "grain"),
        search_index("analytics", "forecast_runs", "tz", "grain", "error"),
        Index(
            "uq_forecast_runs_unfinished",
            "tenant_id",
            "grain",
            "tz",
            unique=True,
            postgresql_where=_UNFINISHED,
        ),
        Index("uq_forecast_runs_current", "tenant_id", "grain", "tz", unique=True, postgresql_where=_CURRENT),
        # What the jobs look for, over all businesses.
        Index("ix_forecast_runs_waiting", "created_at", postgresql_where=_UNFINISHED),
        Index("ix_forecast_runs_age", "finished_at", postgresql_where=_CURRENT),
    )

    grain: Mapped[str]
    tz: Mapped[str]
    status: Mapped[str] = mapped_column(default=RunStatus.QUEUED)
    is_current: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime]
    until: Mapped[datetime | None]
    series: Mapped[int | None] = mapped_column(Integer)
    computed: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]


class DemandForecast(Base):
    """What a run found of one variant; `document` is null until it has been looked at.

    `volume` is the quantity sold in the weeks before the run, by which lists are ordered.
    """

    __tablename__ = "demand_forecasts"
    __table_args__ = (
        Index("ix_demand_forecasts_volume", "tenant_id", "run_id", "volume", "variant_id"),
        Index("ix_demand_forecasts_product_id", "tenant_id", "run_id", "product_id"),
        Index("ix_demand_forecasts_sku", "tenant_id", "run_id", "sku"),
        Index(
            "ix_demand_forecasts_pending",
            "tenant_id",
            "run_id",
            "variant_id",
            postgresql_where=text("document IS NULL"),
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    volume: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[dict[str, Any] | None]
