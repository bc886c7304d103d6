"""Rows of devices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications.db import Base


class Device(Base):
    """An app installation that takes pushes, known by its FCM token.

    It belongs to a person, not to a business: one phone gets the pushes of every business its owner works in. So
    the row bears no tenant, and only code that acts for its user or has a push for him reads it.
    """

    __tablename__ = "devices"
    __table_args__ = (Index("ix_devices_user_id", "user_id", "created_at"),)

    token: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UUID]
    platform: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
