"""What notifications publishes."""

from typing import ClassVar
from uuid import UUID

from libs.common.messaging.event import Event


class DeliveryFailed(Event):
    """A message could not be delivered over a channel, after all tries."""

    wire_name = "notifications.delivery_failed.v1"
    about: ClassVar[tuple[str, str]] = ("delivery", "delivery_id")

    delivery_id: UUID
    channel: str
    recipient: str
    reason: str
