"""What a service listens to: a handler bound to the events it takes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from libs.common.messaging.event import Event

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork
    from libs.common.messaging.envelope import Envelope

Handler = Callable[[Any, "UnitOfWork", "Envelope"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler with its own queue.

    Attributes:
        name: `<service>.<what_it_does>`, unique and for ever: queue and inbox rows bear it.
        events: the classes it takes; empty takes every event of the platform.
        in_bulk: it takes so much of what is published that its backlog must leave room for the others.
        handle: `async (event, uow, envelope)`; for a subscription to everything `event` is the envelope's data.
    """

    name: str
    events: tuple[type[Event], ...]
    handle: Handler
    in_bulk: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """The routing keys its queue is bound to."""
        return tuple(event.wire_name for event in self.events) or ("#",)


def on(
    event: type[Event] | tuple[type[Event], ...], name: str, handle: Handler, *, in_bulk: bool = False
) -> Subscription:
    """Subscribe a handler to one event class or several."""
    return Subscription(name, event if isinstance(event, tuple) else (event,), handle, in_bulk)


def on_everything(name: str, handle: Handler) -> Subscription:
    """Subscribe a handler to every event of the platform."""
    return Subscription(name, (), handle, in_bulk=True)
