"""Rows of the steps by which an approved business is set up."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.identity.db import Base


class StepState(StrEnum):
    """Where a step stands. It is done when its effect is confirmed, and failed when nobody tries any more."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(TenantRow, Base):
    """One step of setting up one business. `run` grows when it is approved anew."""

    __tablename__ = "provisioning_steps"
    __table_args__ = (
        Index("uq_provisioning_steps_name", "tenant_id", "registration_id", "name", unique=True),
        Index("ix_provisioning_steps_due", "next_attempt_at", postgresql_where=text("state = 'running'")),
        Index("ix_provisioning_steps_failed", "state", postgresql_where=text("state = 'failed'")),
    )

    registration_id: Mapped[UUID]
    name: Mapped[str]
    service: Mapped[str]
    position: Mapped[int]
    run: Mapped[int]
    state: Mapped[str]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None] = mapped_column()
