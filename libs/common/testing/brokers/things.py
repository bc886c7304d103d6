"""The events that brokers are tried with, who subscribes to them, and who takes what comes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from libs.common.ids import new_id
from libs.common.messaging.broker import Broker, Verdict
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import Event
from libs.common.messaging.subscription import Subscription, Taken, in_batches, on

# Makes a started broker in the namespace of the test; options are those of its class.
MakeBroker = Callable[..., Awaitable[Broker]]


class ThingHappened(Event):
    """An event for the suite."""

    wire_name: ClassVar[str] = "suite.thing_happened.v1"
    about: ClassVar[tuple[str, str]] = ("thing", "thing_id")

    thing_id: UUID
    step: int = 0


class OtherHappened(Event):
    """Another event for the suite."""

    wire_name: ClassVar[str] = "suite.other_happened.v1"
    is_broadcast: ClassVar[bool] = True
    about: ClassVar[tuple[str, str]] = ("thing", "thing_id")

    thing_id: UUID
    step: int = 0
    note: str = ""


async def unused(event: Any, uow: Any, envelope: Envelope) -> None:
    """The suite decides in `deliver`; no handler of a subscription is called."""
    raise AssertionError("the broker calls deliver, never a handler")


async def unused_batch(taken: Sequence[Taken], uow: Any) -> None:
    """As `unused`, for batches."""
    raise AssertionError("the broker calls deliver_batch, never a handler")


THINGS = on(ThingHappened, "suite.things", unused)
MORE_THINGS = on((ThingHappened, OtherHappened), "suite.more_things", unused)
EVERYTHING = Subscription("suite.everything", (), unused, in_bulk=True)
BATCHED = in_batches((ThingHappened,), "suite.batched", unused_batch, size=5)


def made(event: Event, **changes: Any) -> Envelope:
    """The envelope of an event."""
    fields: dict[str, Any] = {
        "id": new_id(),
        "type": event.wire_name,
        "source": "suite",
        "subject": event.subject,
        "time": datetime.now(UTC),
        "tenant_id": new_id(),
        "data": event.model_dump(mode="json"),
    }
    return Envelope(**{**fields, **changes})


def things(count: int, thing_id: UUID | None = None) -> list[Envelope]:
    """So many envelopes, of one thing or of one each."""
    return [made(ThingHappened(thing_id=thing_id or new_id(), step=step)) for step in range(count)]


class Recorder:
    """Takes deliveries: keeps what came, and answers what `decide` says (DONE unless told otherwise)."""

    def __init__(self, decide: Callable[[Subscription, Envelope], Verdict] | None = None) -> None:
        self.got: list[tuple[str, Envelope]] = []
        self.refused: list[tuple[str, bytes, str]] = []
        self.batches: list[int] = []
        self._decide = decide

    async def deliver(self, subscription: Subscription, envelope: Envelope) -> Verdict:
        """Keep it and answer."""
        self.got.append((subscription.name, envelope))
        return self._decide(subscription, envelope) if self._decide else Verdict.DONE

    async def deliver_batch(
        self, subscription: Subscription, envelopes: Sequence[Envelope]
    ) -> Sequence[Verdict]:
        """Keep them and their number, and answer for each."""
        self.batches.append(len(envelopes))
        return [await self.deliver(subscription, envelope) for envelope in envelopes]

    async def refuse(
        self, subscription: Subscription, body: bytes, attributes: dict[str, object], reason: str
    ) -> None:
        """Keep what is no envelope."""
        self.refused.append((subscription.name, body, reason))

    def ids(self, subscription: Subscription) -> list[UUID]:
        """What came for a subscription, in order."""
        return [envelope.id for name, envelope in self.got if name == subscription.name]

    def attempts(self, subscription: Subscription) -> list[int]:
        """How many attempts had failed before each delivery."""
        return [envelope.attempts for name, envelope in self.got if name == subscription.name]


async def joined(broker: Broker, recorder: Recorder, *subscriptions: Subscription) -> None:
    """Declare and consume."""
    await broker.declare(subscriptions)
    await broker.consume(subscriptions, recorder.deliver, recorder.refuse, recorder.deliver_batch)


def ids(envelopes: Sequence[Envelope]) -> list[UUID]:
    """The ids of envelopes."""
    return [envelope.id for envelope in envelopes]
