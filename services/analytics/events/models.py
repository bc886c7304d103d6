"""Rows of the archive."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.analytics.db import Base


class ArchivedEvent(Base):
    """An event as it came; kept for good, so that facts can be built anew when their shape changes."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_time", "tenant_id", "time", "id"),
        Index(
            "ix_events_stock",
            "tenant_id",
            "subject",
            "time",
            postgresql_where=text("type = 'catalog.stock_changed.v1'"),
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    type: Mapped[str]
    source: Mapped[str]
    subject: Mapped[str]
    time: Mapped[datetime]
    actor: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now())
