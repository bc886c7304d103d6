"""Hearing of events as they are published: for what must be known at once by every process and kept for none.

A queue serves one of the processes that share it, and keeps what comes while none is there. A listener is one
process's ear: it hears the broadcast events of some types from the moment it began, and what is published while its
connection is away it never hears. Whoever listens must know what to do about such a gap.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from libs.common.settings import CommonSettings

# Takes the type and the data of an event; the data is None where it was too large to come along.
Hear = Callable[[str, dict[str, Any] | None], None]


class Listener(Protocol):
    """One connection that hears events."""

    async def listen(self, types: Sequence[str], hear: Hear, begun: Callable[[], None]) -> None:
        """Hear events of these types until cancelled; `begun` is called once nothing is missed from then on.

        Raises:
            ConnectionError: the connection is lost, or there was none.
        """
        ...

    async def check(self) -> None:
        """Return once the connection that listens has brought back an answer.

        Raises:
            ConnectionError: there is none.
        """
        ...


def broadcast_channel(namespace: str) -> str:
    """The Postgres channel on which broadcast events are told."""
    from libs.common.messaging.connection import lock_key

    return f"pillars_told_{lock_key(namespace) & 2**64 - 1:016x}"


def make_listener(settings: CommonSettings, *, namespace: str = "pillars") -> Listener:
    """The listener on the bus of the settings, which is connected when it begins to listen."""
    if settings.amqp_url:
        from libs.common.messaging.rabbit_listener import RabbitListener

        return RabbitListener(settings.amqp_url, namespace=namespace)
    from libs.common.messaging.postgres_listener import PostgresListener

    return PostgresListener(settings.service_database_url("bus"), namespace=namespace)
