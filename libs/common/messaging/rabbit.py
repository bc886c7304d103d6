"""The broker on RabbitMQ: a topic exchange, a quorum queue per subscription, a quorum queue per retry delay.

Two connections, one to publish and one to consume: short of memory or disk, the server reads nothing more from those
that publish, and what is in hand must be acknowledged all the same. They are made and remade together by one
supervisor, which declares everything anew each time.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import AMQPError, ChannelInvalidStateError, ChannelNotFoundEntity
from aiormq.abc import DeliveredMessage
from yarl import URL

from libs.common import metrics
from libs.common.messaging.amqp_acks import acknowledge
from libs.common.messaging.amqp_binding import from_message, to_message
from libs.common.messaging.amqp_publishing import publish_batch
from libs.common.messaging.batches import Batches
from libs.common.messaging.broker import (
    RETRY_DELAYS,
    Deliver,
    DeliverBatch,
    PublishFailed,
    QueueState,
    Refuse,
    Verdict,
    queue_name,
    retry_delay,
)
from libs.common.messaging.envelope import BadEnvelope, Envelope
from libs.common.messaging.slots import Slots
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import backoff, cancelled_by_us_only, wait_for

logger = logging.getLogger("pillars.bus")

# What any step may fail with while the server is away or the connection breaks.
_AWAY = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)

_START_SECONDS = 15.0
_STOP_SECONDS = 15.0
_STEP_SECONDS = 10.0
_PUBLISH_WAIT_SECONDS = 2.0
_MEASURE_SECONDS = 15.0
_LOST = "the connection to RabbitMQ was lost"
_cancelled_by_us_only = partial(cancelled_by_us_only, _LOST)
_BLOCKED = "RabbitMQ takes no messages now: it is short of memory or disk"
# RabbitMQ 4 drops a message after 20 returns unless told otherwise; ours are counted by us, and never dropped.
_DELIVERY_LIMIT = 1_000_000_000


# So often a delivery is tried again here while the database is away, before it is given to other processes.
_TRIES_HERE = 20


@dataclass(slots=True)
class _Consumer:
    subscription: Subscription
    deliver: Deliver
    refuse: Refuse
    in_hand: int = 0
    batches: "Batches[_Delivery] | None" = None


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A message in hand: it can be settled only in the session that brought it."""

    session: "_Session"
    message: DeliveredMessage
    envelope: Envelope


@dataclass(slots=True)
class _Session:
    """Both connections with their channels; `lost` is set when any of them is gone.

    Whatever is no message (declarations, questions) goes over `connection`, the one that consumes, since the other
    may be blocked.
    """

    connection: AbstractConnection
    publishing_connection: AbstractConnection
    declaring: AbstractChannel
    publishing: AbstractChannel
    retrying: AbstractChannel
    consuming: AbstractChannel
    publisher: aiormq.Channel
    receiver: aiormq.Channel
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    tags: dict[str, str] = field(default_factory=dict)
    declared: set[str] = field(default_factory=set)
    consuming_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def may_publish(self, seconds: float) -> bool:
        """Whether the server takes messages, now or within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self.publisher.connection.ready()
        except TimeoutError:
            return False
        return True


class RabbitBroker:
    """Carries events through one RabbitMQ.

    `concurrency` bounds the handlers running at once in this process; keep it below the pool of a service. `prefetch`
    bounds what one queue may have in hand.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "pillars",
        concurrency: int = 8,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        prefetch: int = 50,
    ) -> None:
        self._url = URL(url).update_query(heartbeat="15")
        self._namespace = namespace
        self._retry_delays = retry_delays
        self._prefetch = prefetch
        self._slots = Slots(concurrency)
        self._session: _Session | None = None
        self._connected = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._declared: dict[str, Subscription] = {}
        self._consumers: dict[str, _Consumer] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._releases = 0

    async def start(self) -> None:
        """Connect; `ConnectionError` when the server does not answer within 15 s. Harmless when repeated."""
        # What the library reports at every attempt is told here, once per outage.
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise(), name="rabbit-broker")
        if not await wait_for(self._connected, _START_SECONDS):
            raise ConnectionError("RabbitMQ does not answer")

    async def stop(self) -> None:
        """Stop consuming, let running handlers finish for up to 15 s, disconnect: the rest goes back to the queues."""
        self._stopping.set()
        for consumer in self._consumers.values():
            if consumer.batches is not None:
                consumer.batches.hasten()
        if (session := self._session) is not None:
            with contextlib.suppress(*_AWAY):
                async with asyncio.timeout(_STEP_SECONDS):
                    for tag in session.tags.values():
                        await session.receiver.basic_cancel(tag)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None

    async def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """Keep events for these subscriptions from now on."""
        session = await self._current()
        try:
            with _cancelled_by_us_only():
                for subscription in subscriptions:
                    await self._declare(session, subscription)
                    self._declared[queue_name(self._namespace, subscription)] = subscription
        except _AWAY as error:
            raise ConnectionError(f"the queues could not be declared: {error}") from error

    async def unbind(self, bindings: Sequence[tuple[str, str]]) -> None:
        """Unbind; the queues stay, since their emptiness cannot be told for certain over AMQP."""
        session = await self._current()
        try:
            with _cancelled_by_us_only():
                for queue, pattern in bindings:
                    # A channel each: the server closes it where there is no such queue.
                    async with session.connection.channel() as channel:
                        with contextlib.suppress(ChannelNotFoundEntity):
                            found = await channel.get_queue(queue, ensure=False)
                            await found.unbind(self._exchange, routing_key=pattern, timeout=_STEP_SECONDS)
        except _AWAY as error:
            raise ConnectionError(f"the queues could not be unbound: {error}") from error

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over a batch and wait for all confirms; an event that reaches no queue counts as not published."""
        if not envelopes:
            return
        try:
            session = await self._current(_PUBLISH_WAIT_SECONDS)
        except ConnectionError as error:
            raise PublishFailed(str(error)) from error
        if session.lost.is_set():
            raise PublishFailed(_LOST)
        try:
            with _cancelled_by_us_only():
                if not await session.may_publish(_PUBLISH_WAIT_SECONDS):
                    raise PublishFailed(_BLOCKED)
                await publish_batch(session.publisher, self._exchange, envelopes)
        except ConnectionError as error:
            raise PublishFailed(str(error)) from error

    async def consume(
        self,
        subscriptions: Sequence[Subscription],
        deliver: Deliver,
        refuse: Refuse,
        deliver_batch: DeliverBatch | None = None,
    ) -> None:
        """Start delivering messages of these subscriptions, now or once there is a connection."""
        for subscription in subscriptions:
            name = queue_name(self._namespace, subscription)
            self._declared[name] = subscription
            consumer = self._consumers[name] = _Consumer(subscription, deliver, refuse)
            if subscription.batch > 1 and deliver_batch is not None:
                handle = partial(self._handle_batch, name, consumer, deliver_batch)
                consumer.batches = Batches(
                    subscription.batch, handle, self._tasks, spacing=subscription.spacing
                )
        if (session := self._session) is not None:
            await self._consume_all(session)

    async def queues(self) -> list[QueueState]:
        """The state of the declared queues and of those in which messages wait for another attempt.

        What other processes have in hand cannot be seen over AMQP; `in_flight` is what this one has.
        """
        session = await self._current()
        found = []
        try:
            with _cancelled_by_us_only():
                async with asyncio.timeout(_STEP_SECONDS), session.connection.channel() as channel:
                    for name in sorted(self._declared):
                        ready = await _count(channel, name)
                        consumer = self._consumers.get(name)
                        found.append(QueueState(name, ready, consumer.in_hand if consumer else 0, 0))
                    for delay in self._retry_delays:
                        name = self._retry_name(delay)
                        found.append(QueueState(name, 0, 0, await _count(channel, name)))
        except _AWAY as error:
            raise ConnectionError(f"RabbitMQ does not answer: {error}") from error
        return found

    async def healthy(self) -> bool:
        """Whether the server opens a channel within 2 s, and takes messages."""
        session = self._session
        if session is None or session.lost.is_set():
            return False
        try:
            with _cancelled_by_us_only():
                async with asyncio.timeout(2), session.connection.channel():
                    return await session.may_publish(0)
        except _AWAY:
            return False

    async def _current(self, seconds: float = _STEP_SECONDS) -> _Session:
        if not await wait_for(self._connected, seconds) or self._session is None:
            raise ConnectionError("there is no connection to RabbitMQ")
        return self._session

    async def _supervise(self) -> None:
        """Connect, again and again, until this task is cancelled; nothing else may end it."""
        failures = 0
        while True:
            try:
                with _cancelled_by_us_only():
                    async with asyncio.timeout(3 * _STEP_SECONDS):
                        session = await self._open()
                    failures = 0
                    await self._hold(session)
            except Exception as error:
                failures += 1
                if not isinstance(error, _AWAY):
                    logger.exception("the connection to RabbitMQ broke, connecting again")
                elif failures == 1 or failures % 20 == 0:
                    logger.warning("RabbitMQ cannot be reached: %s", error)
                await asyncio.sleep(backoff(failures, limit=1))

    async def _hold(self, session: _Session) -> None:
        """Work over a session until it is lost."""
        self._session = session
        self._connected.set()
        try:
            await self._consume_all(session)
            while not await wait_for(session.lost, _MEASURE_SECONDS):
                await self._set_gauges()
            logger.warning("the connection to RabbitMQ was lost, connecting again")
        finally:
            self._connected.clear()
            self._session = None
            await _close(session.publishing_connection)
            await _close(session.connection)

    async def _open(self) -> _Session:
        async with AsyncExitStack() as opened:
            connection = await self._connect("consuming", opened)
            publishing_connection = await self._connect("publishing", opened)
            declaring, consuming = await connection.channel(), await connection.channel()
            publishing = await publishing_connection.channel(on_return_raises=True)
            retrying = await publishing_connection.channel(on_return_raises=True)
            publisher = cast(aiormq.Channel, await publishing.get_underlay_channel())
            receiver = cast(aiormq.Channel, await consuming.get_underlay_channel())
            session = _Session(
                connection,
                publishing_connection,
                declaring,
                publishing,
                retrying,
                consuming,
                publisher,
                receiver,
            )

            def lose(*_: Any) -> None:
                session.lost.set()

            for one in (connection, publishing_connection):
                one.close_callbacks.add(lose)
            for channel in (declaring, publishing, retrying, consuming):
                channel.close_callbacks.add(lose)
            # The server ends a consumer on its own when the queue is deleted or moves.
            receiver.on_consumer_cancel_callbacks.add(lose)
            await declaring.declare_exchange(self._exchange, aio_pika.ExchangeType.TOPIC, durable=True)
            for delay in self._retry_delays:
                await self._declare_retry(declaring, delay)
            for subscription in list(self._declared.values()):
                await self._declare(session, subscription)
            opened.pop_all()
        return session

    async def _connect(self, purpose: str, opened: AsyncExitStack) -> AbstractConnection:
        connection = await aio_pika.connect(
            self._url,
            timeout=_STEP_SECONDS,
            client_properties={"connection_name": f"{self._namespace} {purpose}"},
            connection_class=_Connection,
        )
        opened.push_async_callback(_close, connection)
        return connection

    @property
    def _exchange(self) -> str:
        return f"{self._namespace}.events"

    def _retry_name(self, delay: float) -> str:
        # Named by its milliseconds, since a queue cannot be declared again with another time to live.
        return f"{self._namespace}.retry.{round(delay * 1000)}"

    async def _declare_retry(self, channel: AbstractChannel, delay: float) -> None:
        name = self._retry_name(delay)
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
        queue = await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-message-ttl": round(delay * 1000),
                # Through the default exchange back to the queue that the routing key names, and not lost on the way.
                "x-dead-letter-exchange": "",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        await queue.bind(exchange)

    async def _declare(self, session: _Session, subscription: Subscription) -> None:
        name = queue_name(self._namespace, subscription)
        queue = await session.declaring.declare_queue(
            name,
            durable=True,
            arguments={"x-queue-type": "quorum", "x-delivery-limit": _DELIVERY_LIMIT},
            timeout=_STEP_SECONDS,
        )
        for pattern in subscription.patterns:
            await queue.bind(self._exchange, routing_key=pattern, timeout=_STEP_SECONDS)
        session.declared.add(name)

    async def _consume_all(self, session: _Session) -> None:
        """Consume from every queue that this session does not consume from yet."""
        async with session.consuming_lock:
            try:
                with _cancelled_by_us_only():
                    for name in self._consumers.keys() - session.tags.keys():
                        await self._consume(session, name)
            except _AWAY as error:
                logger.warning("consuming did not start, connecting again: %s", error)
                session.lost.set()

    async def _consume(self, session: _Session, name: str) -> None:
        consumer = self._consumers[name]
        batch = consumer.subscription.batch if consumer.batches else 1
        if name not in session.declared:
            await self._declare(session, consumer.subscription)
        # What is set applies to the consumers started after it. A batch comes in while another is handled.
        await session.receiver.basic_qos(prefetch_count=max(self._prefetch, 2 * batch), timeout=_STEP_SECONDS)
        started = await session.receiver.basic_consume(
            name, partial(self._receive, session, name, consumer), timeout=_STEP_SECONDS
        )
        session.tags[name] = started.consumer_tag or ""

    async def _receive(
        self, session: _Session, name: str, consumer: _Consumer, message: DeliveredMessage
    ) -> None:
        consumer.in_hand += 1
        headers = message.header.properties.headers or {}
        try:
            delivery = _Delivery(session, message, from_message(headers, message.body))
        except BadEnvelope as reason:
            self._spawn(self._refuse(session, name, consumer, message, reason.detail or str(reason)))
            return
        if consumer.batches is not None:
            consumer.batches.put(delivery)
        else:
            self._spawn(self._handle(name, consumer, delivery))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        # A task of our own: those of the library end with the channel, in the midst of a transaction.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _refuse(
        self, session: _Session, name: str, consumer: _Consumer, message: DeliveredMessage, reason: str
    ) -> None:
        verdict = Verdict.RELEASE
        try:
            headers: dict[str, object] = {**(message.header.properties.headers or {})}
            await consumer.refuse(consumer.subscription, message.body, headers, reason)
            verdict = Verdict.DONE
        except Exception:
            logger.exception("a message that is no event could not be kept", extra={"queue": name})
        finally:
            consumer.in_hand -= 1
        await self._settle(session, name, message, None, verdict)

    async def _handle(self, name: str, consumer: _Consumer, delivery: _Delivery) -> None:
        verdict = Verdict.RELEASE
        subscription, envelope = consumer.subscription, delivery.envelope
        try:
            for tried in range(_TRIES_HERE):
                if tried:
                    await self._pause(tried)
                async with self._slots.take(name, envelope.subject, in_bulk=subscription.in_bulk):
                    if self._stopping.is_set() or delivery.session.lost.is_set():
                        break
                    verdict = await consumer.deliver(subscription, envelope)
                if verdict is not Verdict.RELEASE:
                    break
        except Exception:
            logger.exception("a delivery failed outside its handler", extra={"queue": name})
            verdict = Verdict.RELEASE
        finally:
            consumer.in_hand -= 1
        await self._settle(delivery.session, name, delivery.message, envelope, verdict)

    async def _handle_batch(
        self, name: str, consumer: _Consumer, deliver_batch: DeliverBatch, deliveries: list[_Delivery]
    ) -> None:
        left = deliveries
        try:
            for tried in range(_TRIES_HERE):
                if tried:
                    await self._pause(tried)
                async with self._slots.take(name, "", in_bulk=True):
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
                            delivery.session, name, delivery.message, delivery.envelope, verdict
                        )
                if not left:
                    break
        except Exception:
            logger.exception("a batch failed outside its handler", extra={"queue": name})
        finally:
            consumer.in_hand -= len(deliveries)
        for delivery in left:
            await self._settle(delivery.session, name, delivery.message, delivery.envelope, Verdict.RELEASE)

    async def _acknowledge(self, done: Sequence[_Delivery]) -> None:
        """Acknowledge what was handled together; one that gets lost is delivered again, and known."""
        if not done:
            return
        self._releases = 0
        # Most often one session; what a lost one brought is put back by the server.
        for session in {id(delivery.session): delivery.session for delivery in done}.values():
            if not session.lost.is_set():
                tags = [d.message.delivery_tag or 0 for d in done if d.session is session]
                with contextlib.suppress(*_AWAY):
                    await acknowledge(session.receiver, tags)

    async def _pause(self, tried: int) -> None:
        await wait_for(self._stopping, backoff(tried, base=0.25))

    async def _settle(
        self,
        session: _Session,
        name: str,
        message: DeliveredMessage,
        envelope: Envelope | None,
        verdict: Verdict,
    ) -> None:
        if session.lost.is_set():
            return  # the server has put the message back already
        with contextlib.suppress(*_AWAY):
            if verdict is Verdict.RETRY and envelope is not None:
                try:
                    await self._retry(session, name, envelope)
                except _AWAY as error:
                    logger.warning("a retry could not be published: %s", error, extra={"queue": name})
                    verdict = Verdict.RELEASE
            tag = message.delivery_tag or 0
            if verdict is Verdict.RELEASE:
                if not self._stopping.is_set():
                    self._releases += 1
                    await self._pause(self._releases)
                await session.receiver.basic_nack(tag, requeue=True)
                return
            self._releases = 0
            # Not waiting for it to be flushed: one that gets lost is delivered again, and known.
            await session.receiver.basic_ack(tag, wait=False)

    async def _retry(self, session: _Session, name: str, envelope: Envelope) -> None:
        if not await session.may_publish(_PUBLISH_WAIT_SECONDS):
            raise TimeoutError(_BLOCKED)
        attempts = envelope.attempts + 1
        exchange = self._retry_name(retry_delay(attempts, self._retry_delays))
        # Two queues may retry one event at the same time; confirms are told apart by message id.
        message = to_message(replace(envelope, attempts=attempts), message_id=f"{envelope.id}/{name}")
        channel = await session.retrying.get_underlay_channel()
        await channel.basic_publish(
            message.body,
            exchange=exchange,
            routing_key=name,
            properties=message.properties,
            mandatory=True,
            timeout=_STEP_SECONDS,
        )

    async def _set_gauges(self) -> None:
        with contextlib.suppress(ConnectionError):
            for state in await self.queues():
                service = state.name.removeprefix(f"{self._namespace}.").partition(".")[0]
                metrics.queue_ready.labels(service, state.name).set(state.ready)


async def _count(channel: AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


class _Connection(aio_pika.Connection):
    """A connection that is closed by who opened it.

    The library's own would begin to close one that failed when the collector finds it, with no event loop running then.
    """

    def __del__(self) -> None:
        """Do nothing."""


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(*_AWAY), _cancelled_by_us_only():
        async with asyncio.timeout(5):
            await connection.close()
