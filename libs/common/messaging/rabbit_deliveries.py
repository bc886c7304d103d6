"""What RabbitMQ has delivered to this process: handed on, and acknowledged, tried again or put back."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from libs.common.messaging.amqp_acks import acknowledge
from libs.common.messaging.amqp_binding import from_message, to_message
from libs.common.messaging.amqp_errors import AWAY
from libs.common.messaging.amqp_reading import Message
from libs.common.messaging.batches import Batches
from libs.common.messaging.broker import Deliver, DeliverBatch, Refuse, Verdict, retry_delay
from libs.common.messaging.envelope import BadEnvelope, Envelope
from libs.common.messaging.rabbit_session import BLOCKED, Session
from libs.common.messaging.rabbit_topology import STEP_SECONDS
from libs.common.messaging.slots import Slots
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import backoff, wait_for, wind_down

logger = logging.getLogger("pillars.bus")

# How long a message waits for a server that takes none now.
PUBLISH_WAIT_SECONDS = 2.0
_STOP_SECONDS = 15.0
# So often a delivery is tried again here while the database is away, before it is given to other processes.
_TRIES_HERE = 20


@dataclass(slots=True)
class Consumer:
    """Who takes what comes for a queue."""

    queue: str
    subscription: Subscription
    deliver: Deliver
    refuse: Refuse
    in_hand: int = 0
    batches: "Batches[Delivery] | None" = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in hand: it can be settled only in the session that brought it."""

    session: Session
    message: Message
    envelope: Envelope


class Deliveries:
    """All that is in hand; `concurrency` bounds the handlers running at once."""

    def __init__(self, concurrency: int) -> None:
        self._slots = Slots(concurrency)
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._releases = 0

    def stop(self) -> None:
        """Begin no more handlers; what waits for one is put back."""
        self._stopping.set()

    async def end(self) -> None:
        """Wait for the handlers that run, up to 15 s."""
        await wind_down(self._tasks, _STOP_SECONDS)

    def take_batches(self, consumer: Consumer, deliver_batch: DeliverBatch) -> None:
        """Hand on what comes for a consumer in batches."""
        subscription = consumer.subscription
        handle = partial(self._handle_batch, consumer, deliver_batch)
        consumer.batches = Batches(subscription.batch, handle, self._tasks, spacing=subscription.spacing)

    def receive(self, session: Session, consumer: Consumer, message: Message) -> None:
        """Take a message."""
        consumer.in_hand += 1
        try:
            delivery = Delivery(session, message, from_message(message.headers, message.body))
        except BadEnvelope as reason:
            self._spawn(self._refuse(session, consumer, message, reason.detail or str(reason)))
            return
        if consumer.batches is not None:
            consumer.batches.put(delivery)
        else:
            self._spawn(self._handle(consumer, delivery))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # A task of our own: those of the library end with the channel, in the midst of a transaction.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(self, session: Session, consumer: Consumer, message: Message, reason: str) -> None:
        verdict = Verdict.RELEASE
        try:
            await consumer.refuse(consumer.subscription, message.body, message.headers, reason)
            verdict = Verdict.DONE
        except Exception:
            logger.exception("a message that is no event could not be kept", extra={"queue": consumer.queue})
        finally:
            consumer.in_hand -= 1
        await self._settle(session, consumer.queue, message, None, verdict)

    async def _handle(self, consumer: Consumer, delivery: Delivery) -> None:
        verdict = Verdict.RELEASE
        queue, subscription, envelope = consumer.queue, consumer.subscription, delivery.envelope
        try:
            for tried in range(_TRIES_HERE):
                if tried:
                    await self._pause(tried)
                async with self._slots.take(queue, envelope.subject, in_bulk=subscription.in_bulk):
                    if self._stopping.is_set() or delivery.session.lost.is_set():
                        break
                    verdict = await consumer.deliver(subscription, envelope)
                if verdict is not Verdict.RELEASE:
                    break
        except Exception:
            logger.exception("a delivery failed outside its handler", extra={"queue": queue})
            verdict = Verdict.RELEASE
        finally:
            consumer.in_hand -= 1
        await self._settle(delivery.session, queue, delivery.message, envelope, verdict)

    async def _handle_batch(
        self, consumer: Consumer, deliver_batch: DeliverBatch, deliveries: list[Delivery]
    ) -> None:
        queue, left = consumer.queue, deliveries
        try:
            for tried in range(_TRIES_HERE):
                if tried:
                    await self._pause(tried)
                async with self._slots.take(queue, "", in_bulk=True):
                    # What a lost connection brought has been put back; it comes again.
                    left = [delivery for delivery in left if not delivery.session.lost.is_set()]
                    if self._stopping.is_set() or not left:
                        break
                    verdicts = await deliver_batch(consumer.subscription, [d.envelope for d in left])
                decided = list(zip(left, verdicts, strict=True))
                left = [delivery for delivery, verdict in decided if verdict is Verdict.RELEASE]
                await self._acknowledge(
                    [delivery for delivery, verdict in decided if verdict is Verdict.DONE]
                )
                for delivery, verdict in decided:
                    if verdict is Verdict.RETRY:
                        await self._settle(
                            delivery.session, queue, delivery.message, delivery.envelope, verdict
                        )
                if not left:
                    break
        except Exception:
            logger.exception("a batch failed outside its handler", extra={"queue": queue})
        finally:
            consumer.in_hand -= len(deliveries)
        for delivery in left:
            await self._settle(delivery.session, queue, delivery.message, delivery.envelope, Verdict.RELEASE)

    async def _acknowledge(self, done: Sequence[Delivery]) -> None:
        """Acknowledge what was handled together; one that gets lost is delivered again, and known."""
        if not done:
            return
        self._releases = 0
        # Most often one session; what a lost one brought is put back by the server.
        for session in {id(delivery.session): delivery.session for delivery in done}.values():
            if not session.lost.is_set():
                tags = [d.message.number for d in done if d.session is session]
                with contextlib.suppress(*AWAY):
                    await acknowledge(session.receiver, tags)

    async def _pause(self, tried: int) -> None:
        await wait_for(self._stopping, backoff(tried, base=0.25))

    async def _settle(
        self,
        session: Session,
        queue: str,
        message: Message,
        envelope: Envelope | None,
        verdict: Verdict,
    ) -> None:
        if session.lost.is_set():
            return  # the server has put the message back already
        with contextlib.suppress(*AWAY):
            if verdict is Verdict.RETRY and envelope is not None:
                try:
                    await _retry(session, queue, envelope)
                except AWAY as error:
                    logger.warning("a retry could not be published: %s", error, extra={"queue": queue})
                    verdict = Verdict.RELEASE
            if verdict is Verdict.RELEASE:
                if not self._stopping.is_set():
                    self._releases += 1
                    await self._pause(self._releases)
                await session.receiver.basic_nack(message.number, requeue=True)
                return
            self._releases = 0
            # Not waiting for it to be flushed: one that gets lost is delivered again, and known.
            await session.receiver.basic_ack(message.number, wait=False)


async def _retry(session: Session, queue: str, envelope: Envelope) -> None:
    if not await session.may_publish(PUBLISH_WAIT_SECONDS):
        raise TimeoutError(BLOCKED)
    attempts = envelope.attempts + 1
    topology = session.topology
    # Two queues may retry one event at the same time; confirms are told apart by message id.
    message = to_message(replace(envelope, attempts=attempts), message_id=f"{envelope.id}/{queue}")
    await session.retrier.basic_publish(
        message.body,
        exchange=topology.retry_queue(retry_delay(attempts, topology.retry_delays)),
        routing_key=queue,
        properties=message.properties,
        mandatory=True,
        timeout=STEP_SECONDS,
    )
