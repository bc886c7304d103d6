"""The broker on RabbitMQ; one supervisor makes and remakes its session, which declares everything anew each time."""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import Sequence, Set
from functools import partial

from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import ChannelNotFoundEntity
from yarl import URL

from libs.common.messaging.amqp_errors import AWAY
from libs.common.messaging.amqp_publishing import publish_batch
from libs.common.messaging.amqp_reading import Take
from libs.common.messaging.broker import (
    RETRY_DELAYS,
    Deliver,
    DeliverBatch,
    PublishFailed,
    QueueState,
    Refuse,
    show_ready,
)
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.rabbit_deliveries import PUBLISH_WAIT_SECONDS, Consumer, Deliveries
from libs.common.messaging.rabbit_session import (
    BLOCKED,
    LOST,
    Session,
    lost_unless_by_us,
    open_session,
)
from libs.common.messaging.rabbit_topology import STEP_SECONDS, Topology
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import backoff, wait_for

logger = logging.getLogger("pillars.bus")

_START_SECONDS = 15.0
_MEASURE_SECONDS = 15.0
# Between two tries to connect; a try that is refused costs next to nothing.
_LONGEST_PAUSE_SECONDS = 0.5


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
        self._topology = Topology(namespace, retry_delays)
        self._prefetch = prefetch
        self._deliveries = Deliveries(concurrency)
        self._session: Session | None = None
        self._connected = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._declared: dict[str, Subscription] = {}
        self._consumers: dict[str, Consumer] = {}

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
        self._deliveries.stop()
        for consumer in self._consumers.values():
            if consumer.batches is not None:
                consumer.batches.hasten()
        if (session := self._session) is not None:
            with contextlib.suppress(*AWAY):
                await session.rest()
        await self._deliveries.end()
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
            self._supervisor = None

    async def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """Keep events for these subscriptions from now on."""
        session = await self._current()
        try:
            with lost_unless_by_us():
                await session.declare(subscriptions)
        except AWAY as error:
            raise ConnectionError(f"the queues could not be declared: {error}") from error
        self._declared |= {self._topology.queue(subscription): subscription for subscription in subscriptions}

    async def unbind(self, bindings: Sequence[tuple[str, str]]) -> None:
        """Unbind; the queues stay, since their emptiness cannot be told for certain over AMQP."""
        session = await self._current()
        try:
            with lost_unless_by_us():
                for queue, pattern in bindings:
                    # A channel each: the server closes it where there is no such queue.
                    async with session.connection.channel() as channel:
                        with contextlib.suppress(ChannelNotFoundEntity):
                            found = await channel.get_queue(queue, ensure=False)
                            await found.unbind(
                                self._topology.exchange, routing_key=pattern, timeout=STEP_SECONDS
                            )
        except AWAY as error:
            raise ConnectionError(f"the queues could not be unbound: {error}") from error

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over a batch and wait for all confirms; an event that reaches no queue counts as not published."""
        if not envelopes:
            return
        try:
            session = await self._current(PUBLISH_WAIT_SECONDS)
        except ConnectionError as error:
            raise PublishFailed(str(error)) from error
        if session.lost.is_set():
            raise PublishFailed(LOST)
        try:
            with lost_unless_by_us():
                if not await session.may_publish(PUBLISH_WAIT_SECONDS):
                    raise PublishFailed(BLOCKED)
                await publish_batch(session.publisher, self._topology.exchange, envelopes)
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
            name = self._topology.queue(subscription)
            self._declared[name] = subscription
            consumer = self._consumers[name] = Consumer(name, subscription, deliver, refuse)
            if subscription.batch > 1 and deliver_batch is not None:
                self._deliveries.take_batches(consumer, deliver_batch)
        if (session := self._session) is not None:
            await self._consume_all(session)

    async def queues(self) -> list[QueueState]:
        """The state of the declared queues and of those in which messages wait for another attempt.

        What other processes have in hand cannot be seen over AMQP; `in_flight` is what this one has.
        """
        session = await self._current()
        found = []
        try:
            with lost_unless_by_us():
                async with asyncio.timeout(STEP_SECONDS), session.connection.channel() as channel:
                    for name in sorted(self._declared):
                        ready = await _count(channel, name)
                        consumer = self._consumers.get(name)
                        found.append(QueueState(name, ready, consumer.in_hand if consumer else 0, 0))
                    for delay in self._topology.retry_delays:
                        name = self._topology.retry_queue(delay)
                        found.append(QueueState(name, 0, 0, await _count(channel, name)))
        except AWAY as error:
            raise ConnectionError(f"RabbitMQ does not answer: {error}") from error
        return found

    async def healthy(self) -> bool:
        """Whether the server answers within 2 s and takes messages, and whatever comes for us is taken."""
        session = self._session
        if session is None or session.lost.is_set() or self._consumers.keys() - session.consumed:
            return False
        try:
            with lost_unless_by_us():
                async with asyncio.timeout(2):
                    await session.answers()
                return await session.may_publish(0)
        except AWAY:
            return False

    async def _current(self, seconds: float = STEP_SECONDS) -> Session:
        if not await wait_for(self._connected, seconds) or self._session is None:
            raise ConnectionError("there is no connection to RabbitMQ")
        return self._session

    async def _supervise(self) -> None:
        """Connect, again and again, until this task is cancelled; nothing else may end it."""
        failures = 0
        while True:
            try:
                with lost_unless_by_us():
                    async with asyncio.timeout(3 * STEP_SECONDS):
                        session = await open_session(self._url, self._topology, self._declared.values())
                    failures = 0
                    await self._hold(session)
            except Exception as error:
                failures += 1
                if not isinstance(error, AWAY):
                    logger.exception("the connection to RabbitMQ broke, connecting again")
                elif failures == 1 or failures % 20 == 0:
                    logger.warning("RabbitMQ cannot be reached: %s", error)
                await asyncio.sleep(backoff(failures, limit=_LONGEST_PAUSE_SECONDS))

    async def _hold(self, session: Session) -> None:
        """Work over a session until it is lost."""
        self._session = session
        self._connected.set()
        try:
            await self._consume_all(session)
            logger.info("connected to RabbitMQ", extra={"queues": len(session.consumed)})
            while not await wait_for(session.lost, _MEASURE_SECONDS):
                await self._set_gauges()
            logger.warning("the connection to RabbitMQ was lost, connecting again")
        finally:
            self._connected.clear()
            self._session = None
            await session.close()

    async def _consume_all(self, session: Session) -> None:
        """Consume from every queue that this session does not consume from yet."""
        async with session.consuming_lock:
            try:
                with lost_unless_by_us():
                    await self._consume(session, self._consumers.keys() - session.consumed)
            except AWAY as error:
                logger.warning("consuming did not start, connecting again: %s", error)
                session.lost.set()

    async def _consume(self, session: Session, queues: Set[str]) -> None:
        if new := queues - session.declared:
            await session.declare([self._consumers[name].subscription for name in new])
        takers: defaultdict[int, dict[str, Take]] = defaultdict(dict)
        for consumer in map(self._consumers.__getitem__, queues):
            batch = consumer.subscription.batch if consumer.batches else 1
            # A batch comes in while another is handled.
            ahead = max(self._prefetch, 2 * batch)
            takers[ahead][consumer.queue] = partial(self._deliveries.receive, session, consumer)
        for ahead, some in takers.items():
            await session.consume(ahead, some)

    async def _set_gauges(self) -> None:
        with contextlib.suppress(ConnectionError):
            show_ready(self._topology.namespace, await self.queues())


async def _count(channel: AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0
