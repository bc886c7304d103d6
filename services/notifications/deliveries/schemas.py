"""Bodies and queries of deliveries."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import model_validator

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema
from services.notifications.announcements.kinds import ChannelName
from services.notifications.deliveries.models import DeliveryStatus


class DeliveryOut(OutSchema):
    """A delivery. Of a device only the end of its token is shown."""

    id: UUID
    channel: ChannelName
    type: str
    user_id: UUID | None
    recipient: str
    subject: str
    status: DeliveryStatus
    attempts: int
    last_error: str | None
    provider_message_id: str | None
    due_at: datetime
    finished_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @model_validator(mode="before")
    @classmethod
    def _mask_token(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return row
        values = {name: getattr(row, name) for name in cls.model_fields}
        return values | {"recipient": shown(row.channel, row.recipient)}


def shown(channel: str, recipient: str) -> str:
    """An address as people may see it: whoever has a whole token can push to the device."""
    return f"…{recipient[-6:]}" if channel == ChannelName.PUSH else recipient


class DeliveryQuery(ListQuery):
    """How to list deliveries."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("subject", "last_error")
    named_by: ClassVar[tuple[str, ...]] = ("recipient",)

    channel: list[ChannelName] | None = None
    status: list[DeliveryStatus] | None = None
    type: list[str] | None = None
    user_id: list[UUID] | None = None
    recipient: list[str] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
