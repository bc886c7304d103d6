"""Rows of preferences."""

from datetime import time
from typing import Any
from uuid import UUID

from sqlalchemy import Time
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.search import person_indexes
from services.notifications.db import Base


class Preference(Base):
    """The choices of one user in one business. `channels` holds only what differs from yes: {kind: {channel: false}}."""

    __tablename__ = "preferences"
    __table_args__ = person_indexes("notifications", "preferences", "user_id")

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    channels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    quiet_start: Mapped[time | None] = mapped_column(Time())
    quiet_end: Mapped[time | None] = mapped_column(Time())
    time_zone: Mapped[str | None]

    def allows(self, kind: str, channel: str) -> bool:
        """Whether the user wants this kind over this channel."""
        return self.channels.get(kind, {}).get(channel, True) is not False
