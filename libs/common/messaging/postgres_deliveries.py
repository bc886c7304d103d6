"""What this process has claimed in Postgres: handed on, its leases renewed, and settled many at a time."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from libs.common.messaging.batches import Batches
from libs.common.messaging.broker import Deliver, DeliverBatch, Refuse, Verdict, retry_delay
from libs.common.messaging.connection import Connection
from libs.common.messaging.envelope import BadEnvelope, Envelope
from libs.common.messaging.postgres_statements import DONE, LATER, RENEW
from libs.common.messaging.slots import Slots
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import backoff, wind_down

logger = logging.getLogger("pillars.bus")

_STOP_SECONDS = 15.0
# Handlers that end within this time of each other are settled by one statement.
_SETTLE_SECONDS = 0.003


@dataclass(slots=True)
class Consumer:
    """Who takes what comes for a queue."""

    subscription: Subscription
    deliver: Deliver
    refuse: Refuse
    prefetch: int
    in_hand: int = 0
    batches: "Batches[tuple[Lease, Envelope]] | None" = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A claimed row; `claims` is the token without which it cannot be settled."""

    id: int
    claims: int
    queue: str
    attempts: int
    lost: int


class Deliveries:
    """All that is in hand; `concurrency` bounds the handlers running at once.

    `wake` is set when something is to be settled; `look` is called with queues that hold something due.
    """

    def __init__(
        self,
        concurrency: int,
        retry_delays: Sequence[float],
        lease: float,
        poll: float,
        wake: asyncio.Event,
        look: Callable[[Iterable[str]], None],
    ) -> None:
        self._slots = Slots(concurrency)
        self._retry_delays = retry_delays
        self._lease = lease
        self._poll = poll
        self._wake = wake
        self._look = look
        self._leases: dict[int, Lease] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[Lease] = []
        self._later: list[tuple[Lease, float, int]] = []
        self._settle_soon = False
        self._releases = 0
        self._renewed = 0.0
        self.is_stopping = False

    @property
    def is_any_left(self) -> bool:
        """Whether a handler runs, or what was handled is not settled yet."""
        return bool(self._tasks or self._done or self._later)

    def stop(self) -> None:
        """Begin no more handlers; what waits for one is put back."""
        self.is_stopping = True

    async def end(self) -> None:
        """Wait for the handlers that run, up to 15 s."""
        if self._tasks:
            self._wake.set()
            await wind_down(self._tasks, _STOP_SECONDS)

    def take_batches(self, consumer: Consumer, deliver_batch: DeliverBatch) -> None:
        """Hand on what comes for a consumer in batches."""
        subscription = consumer.subscription
        handle = partial(self._handle_batch, consumer, deliver_batch)
        consumer.batches = Batches(subscription.batch, handle, self._tasks, spacing=subscription.spacing)
        # A batch comes in while another is handled.
        consumer.prefetch = max(consumer.prefetch, 2 * subscription.batch)

    def receive(self, consumer: Consumer, lease: Lease, raw: dict[str, object]) -> None:
        """Take a claimed row."""
        self._leases[lease.id] = lease
        consumer.in_hand += 1
        try:
            envelope = Envelope.from_json(raw, attempts=lease.attempts, returns=lease.lost)
        except BadEnvelope as reason:
            self._spawn(self._refuse(lease, consumer, orjson.dumps(raw), str(reason)))
            return
        if consumer.batches is not None:
            consumer.batches.put((lease, envelope))
        else:
            self._spawn(self._handle(lease, consumer, envelope))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, lease: Lease, consumer: Consumer, body: bytes, reason: str) -> None:
        verdict = Verdict.RELEASE
        try:
            await consumer.refuse(consumer.subscription, body, {}, reason)
            verdict = Verdict.DONE
        except Exception:
            logger.exception("a message that is no event could not be kept", extra={"queue": lease.queue})
        finally:
            consumer.in_hand -= 1
            self._finish(lease, verdict)

    async def _handle(self, lease: Lease, consumer: Consumer, envelope: Envelope) -> None:
        verdict = Verdict.RELEASE
        subscription = consumer.subscription
        try:
            async with self._slots.take(lease.queue, envelope.subject, in_bulk=subscription.in_bulk):
                if not self.is_stopping:
                    verdict = await consumer.deliver(subscription, envelope)
        except Exception:
            logger.exception("a delivery failed outside its handler", extra={"queue": lease.queue})
        finally:
            consumer.in_hand -= 1
            self._finish(lease, verdict)

    async def _handle_batch(
        self, consumer: Consumer, deliver_batch: DeliverBatch, items: list[tuple[Lease, Envelope]]
    ) -> None:
        verdicts: Sequence[Verdict] = [Verdict.RELEASE] * len(items)
        queue = items[0][0].queue
        try:
            async with self._slots.take(queue, "", in_bulk=True):
                if not self.is_stopping:
                    envelopes = [envelope for _, envelope in items]
                    verdicts = await deliver_batch(consumer.subscription, envelopes)
        except Exception:
            logger.exception("a batch failed outside its handler", extra={"queue": queue})
        finally:
            consumer.in_hand -= len(items)
            for (lease, _), verdict in zip(items, verdicts, strict=True):
                self._finish(lease, verdict)

    def _finish(self, lease: Lease, verdict: Verdict) -> None:
        self._leases.pop(lease.id, None)
        if verdict is Verdict.DONE:
            self._done.append(lease)
            self._releases = 0
        elif verdict is Verdict.RETRY:
            self._put_back(lease, retry_delay(lease.attempts + 1, self._retry_delays), lease.attempts + 1)
            self._releases = 0
        else:
            self._releases += 1
            self._put_back(
                lease, 0 if self.is_stopping else backoff(self._releases, base=0.25), lease.attempts
            )
        if not self._settle_soon:
            self._settle_soon = True
            asyncio.get_running_loop().call_later(_SETTLE_SECONDS, self._wake.set)

    def _put_back(self, lease: Lease, delay: float, attempts: int) -> None:
        self._later.append((lease, delay, attempts))
        if delay < self._poll:
            loop = asyncio.get_running_loop()
            loop.call_later(delay + 2 * _SETTLE_SECONDS, self._look, (lease.queue,))

    async def settle(self, connection: Connection) -> None:
        """Tell the database what became of deliveries."""
        self._settle_soon = False
        if done := self._done[:]:
            await connection.execute(DONE, {"ids": [x.id for x in done], "claims": [x.claims for x in done]})
            del self._done[: len(done)]
        if later := self._later[:]:
            await connection.execute(
                LATER,
                {
                    "ids": [lease.id for lease, _, _ in later],
                    "claims": [lease.claims for lease, _, _ in later],
                    "delays": [delay for _, delay, _ in later],
                    "attempts": [attempts for _, _, attempts in later],
                },
            )
            del self._later[: len(later)]

    async def renew(self, connection: Connection) -> None:
        """Keep what is in hand, where it is time to."""
        now = asyncio.get_running_loop().time()
        if now - self._renewed < self._lease / 3:
            return
        self._renewed = now
        if held := list(self._leases.values()):
            await connection.execute(
                RENEW,
                {"lease": self._lease, "ids": [x.id for x in held], "claims": [x.claims for x in held]},
            )
