"""Rows of runs: one per business and kind of insight."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.analytics.db import Base


class InsightRun(Base):
    """The last run of one kind of insight, and the next one.

    `computed_at` is null until the first run has ended. `refused` is `{"reason", "needs"}` where there was too little
    data, `evidence` what holds for all results of the run. Days are those of `tz`.
    """

    __tablename__ = "insight_runs"
    __table_args__ = (Index("ix_insight_runs_due_at", "due_at"),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    tz: Mapped[str] = mapped_column(server_default="UTC")
    due_at: Mapped[datetime]
    computed_at: Mapped[datetime | None]
    refused: Mapped[dict[str, Any] | None]
    evidence: Mapped[dict[str, Any] | None]
