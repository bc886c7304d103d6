"""What every channel is: something that takes one message to one recipient."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one recipient: an address or a device token. `subject` is the title of a push."""

    delivery_id: UUID
    tenant_id: UUID
    recipient: str
    subject: str
    text: str
    html: str | None = None
    data: dict[str, str] = field(default_factory=dict)


class TemporaryFailure(Exception):
    """It may succeed later, after `retry_after` seconds where the provider named them."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PermanentFailure(Exception):
    """It will never succeed. `is_gone` says that the recipient itself is no more."""

    def __init__(self, reason: str, *, is_gone: bool = False) -> None:
        super().__init__(reason)
        self.is_gone = is_gone


class Channel(Protocol):
    """Sends one message, and returns the provider's id of it."""

    async def send(self, outgoing: Outgoing) -> str:
        """Send.

        Raises:
            TemporaryFailure, PermanentFailure: it was not taken.
        """
        ...


@runtime_checkable
class ManyChannel(Channel, Protocol):
    """A channel to which several messages at once are one piece of work."""

    async def send_many(self, outgoing: Sequence[Outgoing]) -> list[str | Exception]:
        """Send; for each message the provider's id, or what `send` would have raised."""
        ...
