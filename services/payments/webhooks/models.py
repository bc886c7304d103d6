"""The rows of webhooks that came in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from services.payments.db import Base


class WebhookDelivery(TenantRow, Base):
    """A webhook whose signature held, with its body as it came. One message, and one event, is kept once."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("uq_webhook_deliveries_message_id", "tenant_id", "account_id", "message_id", unique=True),
        Index("uq_webhook_deliveries_event_id", "tenant_id", "account_id", "event_id", unique=True),
        Index("ix_webhook_deliveries_outcome", "tenant_id", "outcome", "created_at"),
    )

    account_id: Mapped[UUID]
    provider: Mapped[str]
    message_id: Mapped[str]
    event_id: Mapped[str]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    notice: Mapped[dict[str, Any]]
    outcome: Mapped[str | None]
    processed_at: Mapped[datetime | None]
