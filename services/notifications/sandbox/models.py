"""Rows of simulated pushes."""

from typing import Any

from sqlalchemy.orm import Mapped

from libs.common.db.base import TenantRow, list_indexes
from services.notifications.db import Base


class SandboxMessage(TenantRow, Base):
    """A message that the simulator delivered, as it came over the wire."""

    __tablename__ = "sandbox_messages"
    __table_args__ = list_indexes("sandbox_messages", "token")

    token: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]
    data: Mapped[dict[str, Any]]
    message: Mapped[dict[str, Any]]
