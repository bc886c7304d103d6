"""Rows that count sign-in attempts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.identity.db import Base


class AttemptCounter(Base):
    """What happened lately for one account, one address, or one account from one address.

    `marks` are Unix times: of failures for an account or address, of attempts for a pair. `pending` counts attempts
    that were let through and have no outcome yet, so that guesses made at once are counted too.
    """

    __tablename__ = "attempt_counters"
    __table_args__ = (Index("ix_attempt_counters_updated_at", "updated_at"),)

    scope: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    marks: Mapped[list[Any]] = mapped_column(default=list)
    pending: Mapped[int] = mapped_column(Integer, default=0)
    pending_at: Mapped[datetime | None]
    locked_until: Mapped[datetime | None]
    updated_at: Mapped[datetime]
