"""Rows of deliveries."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.notifications.db import Base


class DeliveryStatus(StrEnum):
    """The states of a delivery; all but the first are final."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class Delivery(TenantRow, Base):
    """One message to one address or device. Its texts are written once, so that a repeat sends the same."""

    __tablename__ = "deliveries"
    __table_args__ = (
        *list_indexes(
            "deliveries", "channel", "status", "user_id", "recipient", "type", unique=(("dedupe_key",),)
        ),
        Index("ix_deliveries_due", "due_at", postgresql_where=text("status = 'pending'")),
        search_index("notifications", "deliveries", "subject", "last_error"),
        CheckConstraint("status NOT IN ('sent', 'failed') OR attempts > 0", name="attempted"),
        *person_indexes("notifications", "deliveries", "user_id", address="recipient"),
    )

    channel: Mapped[str]
    type: Mapped[str]
    user_id: Mapped[UUID | None]
    recipient: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str | None]
    data: Mapped[dict[str, Any]]
    dedupe_key: Mapped[str]
    status: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None]
    provider_message_id: Mapped[str | None]
    # When it may be tried next, and until when a worker that is trying has it to itself.
    due_at: Mapped[datetime]
    claimed_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
