"""What a service listens to: a handler bound to the events it takes."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from libs.common.messaging.event import Event

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork
    from libs.common.messaging.envelope import Envelope

Handler = Callable[[Any, "UnitOfWork", "Envelope"], Awaitable[None]]
# An event as its class (for a subscription to everything: its data) with its envelope.
Taken = tuple[Any, "Envelope"]
BatchHandler = Callable[[Sequence[Taken], "UnitOfWork"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler with its own queue.

    Attributes:
        name: `<service>.<what_it_does>`, unique and for ever: queue and inbox rows bear it.
        events: the classes it takes; empty takes every event of the platform.
        in_bulk: it takes so much of what is published that its backlog must leave room for the others.
        batch: how many events it takes at once at most; one unless made by `in_batches`.
        replaces: the names of retired subscriptions whose work it does now. What all of them have handled it need
            not handle again, and where it does, the effect must be had once.
        is_retired: it takes no more events; what its queue still holds is handled.
        is_new: of the release to come: what was published before it had its queue does not reach it.
        spacing: seconds from the begin of a batch to that of the next, unless a whole one is there.
        handle: `async (event, uow, envelope)`, or that of `in_batches`; for a subscription to everything `event`
            is the envelope's data.
    """

    name: str
    events: tuple[type[Event], ...]
    handle: Handler | BatchHandler
    in_bulk: bool = False
    batch: int = 1
    spacing: float = 0.0
    replaces: tuple[str, ...] = ()
    is_retired: bool = False
    is_new: bool = False

    @property
    def patterns(self) -> tuple[str, ...]:
        """The routing keys its queue is bound to."""
        if self.is_retired:
            return ()
        return tuple(event.wire_name for event in self.events) or ("#",)

    async def have_effect(self, taken: Sequence[Taken], uow: "UnitOfWork") -> None:
        """Call the handler, with all at once where it takes batches."""
        if self.batch > 1:
            await cast(BatchHandler, self.handle)(taken, uow)
            return
        for event, envelope in taken:
            await cast(Handler, self.handle)(event, uow, envelope)


def on(
    event: type[Event] | tuple[type[Event], ...],
    name: str,
    handle: Handler,
    *,
    in_bulk: bool = False,
    is_new: bool = False,
) -> Subscription:
    """Subscribe a handler to one event class or several; `is_new` if the last release has no such subscription."""
    events = event if isinstance(event, tuple) else (event,)
    return Subscription(name, events, handle, in_bulk, is_new=is_new)


def retired(
    events: tuple[type[Event], ...], name: str, handle: BatchHandler, *, size: int = 200
) -> Subscription:
    """A subscription of the releases before, whose work another does now: handle what its queue still holds.

    It is bound to nothing, and `migrate` removes the bindings that it had, once the queue of the other is there; the
    effect must be had once when both handle the same event. In the release after it can go.
    """
    return Subscription(name, events, handle, in_bulk=True, batch=size, is_retired=True)


def in_batches(
    events: tuple[type[Event], ...],
    name: str,
    handle: BatchHandler,
    *,
    size: int = 200,
    spacing: float = 0.0,
    replaces: tuple[str, ...] = (),
    is_new: bool = False,
) -> Subscription:
    """Subscribe a handler that takes many events in one unit of work: `async ([(event, envelope), …], uow)`.

    It gets what is there, up to `size`, in the order in which it came. After a rest nothing is waited for; while
    events come steadily, `spacing` seconds lie between two batches at least, so that a fact that nobody waits for
    costs a share of a unit of work and not one of its own. The events may be of many tenants: the unit of work is in the platform scope, so each row that is written must name the tenant of its
    envelope. No `events` means every event of the platform. When the handler fails, the batch is halved until the
    event that it cannot take stands alone, in the scope of its tenant: so it must take a batch of one as well, and
    have no effect outside its transaction.
    """
    if size < 2:
        raise ValueError("a batch is of two or more")
    return Subscription(
        name, events, handle, in_bulk=True, batch=size, spacing=spacing, replaces=replaces, is_new=is_new
    )
