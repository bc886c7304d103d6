"""The port that both brokers implement: RabbitMQ, and tables in Postgres."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from libs.common import metrics
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.subscription import Subscription


class Verdict(StrEnum):
    """What becomes of a delivery."""

    DONE = "done"
    RETRY = "retry"
    RELEASE = "release"


# Takes a delivery and says what becomes of it. RETRY: again after the wait that `retry_delay` gives for its
# attempts. RELEASE: put back uncounted, since this process cannot take it now (shutdown, database away).
Deliver = Callable[[Subscription, Envelope], Awaitable[Verdict]]
# The same for several deliveries of one subscription, in their order; gives a verdict for each.
DeliverBatch = Callable[[Subscription, Sequence[Envelope]], Awaitable[Sequence[Verdict]]]
# Takes a message that is not an envelope at all, with the raw body, attributes and reason; it is then dropped,
# unless this raises: then it is delivered again.
Refuse = Callable[[Subscription, bytes, dict[str, object], str], Awaitable[None]]

# Seconds before the second, third, … attempt; after the last one the message is a dead letter.
RETRY_DELAYS: tuple[float, ...] = (0.2, 1, 5, 15, 60, 300)
MAX_ATTEMPTS = len(RETRY_DELAYS) + 1


def retry_delay(attempts: int, delays: Sequence[float] = RETRY_DELAYS) -> float:
    """Seconds to wait after so many failed attempts."""
    return delays[min(attempts, len(delays)) - 1]


def queue_name(namespace: str, subscription: Subscription) -> str:
    """The queue of a subscription; tests share one broker by using namespaces of their own."""
    return f"{namespace}.{subscription.name}"


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue as the operator sees it."""

    name: str
    ready: int
    in_flight: int
    delayed: int


def show_ready(namespace: str, states: Sequence[QueueState]) -> None:
    """Show how long queues are, each under the service that it belongs to."""
    for state in states:
        service = state.name.removeprefix(f"{namespace}.").partition(".")[0]
        metrics.queue_ready.labels(service, state.name).set(state.ready)


class PublishFailed(Exception):
    """The broker did not confirm these events; they stay in the outbox.

    `event_ids` names those that were not confirmed where some were, None where none was.
    """

    def __init__(self, reason: str, event_ids: frozenset[UUID] | None = None) -> None:
        super().__init__(reason)
        self.event_ids = event_ids


class Broker(Protocol):
    """Carries envelopes from the relay to the queues of subscriptions, at least once."""

    async def start(self) -> None:
        """Connect; returns when the broker answers, or raises `ConnectionError` after a bounded wait."""
        ...

    async def stop(self) -> None:
        """Stop taking messages, wait for those in hand, disconnect."""
        ...

    async def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """Make the queues of these subscriptions, so that events are kept for them from now on."""
        ...

    async def unbind(self, bindings: Sequence[tuple[str, str]]) -> None:
        """Bring no more of a routing key to a queue, for these pairs of (queue, routing key); what it holds stays."""
        ...

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over a batch; returns once all are confirmed and routed, raises `PublishFailed` otherwise."""
        ...

    async def consume(
        self,
        subscriptions: Sequence[Subscription],
        deliver: Deliver,
        refuse: Refuse,
        deliver_batch: DeliverBatch | None = None,
    ) -> None:
        """Start delivering messages of these subscriptions until `stop`.

        Subscriptions that take batches get them where `deliver_batch` is given, else one by one.
        """
        ...

    async def queues(self) -> list[QueueState]:
        """The state of the queues of the declared subscriptions."""
        ...

    async def healthy(self) -> bool:
        """Whether the broker answers now."""
        ...
