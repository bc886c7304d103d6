"""The broker in Postgres: a row per event and a row per queue that is to have it.

Claimed rows are leased: whoever dies holding one loses it after the lease, and a token keeps one that was merely slow
from settling what is another's by then. One loop per process claims for all its queues.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from operator import itemgetter

import orjson
import psycopg
from psycopg_pool import AsyncConnectionPool

from libs.common.db.passwords import Connection as AnyPasswordConnection
from libs.common.messaging.broker import (
    RETRY_DELAYS,
    Deliver,
    DeliverBatch,
    PublishFailed,
    QueueState,
    Refuse,
    queue_name,
    show_ready,
)
from libs.common.messaging.connection import (
    SESSION,
    Connection,
    connect,
    idle,
    lock_key,
    prepare,
    without_driver,
)
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.event import REGISTRY
from libs.common.messaging.listening import broadcast_channel
from libs.common.messaging.postgres_deliveries import Consumer, Deliveries, Lease
from libs.common.messaging.postgres_statements import BIND, CLAIM, PUBLISH, PURGE, QUEUES, TELL, UNBIND
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import backoff

logger = logging.getLogger("pillars.bus")

# Postgres takes payloads of less than 8,000 bytes.
_MOST_TOLD_BYTES = 7_900
_START_SECONDS = 15.0
_PURGE_SECONDS = 60.0
_MEASURE_SECONDS = 15.0


class PostgresBroker:
    """Carries events through the schema `bus` of one database.

    `concurrency` bounds the handlers running at once in this process; keep it below the pool of a service. `lease`
    is in seconds and renewed while the process lives; `prefetch` bounds what one queue may have in hand.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "pillars",
        concurrency: int = 8,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        lease: float = 30.0,
        prefetch: int = 50,
        poll: float = 1.0,
    ) -> None:
        self._url = without_driver(url)
        self._namespace = namespace
        self._lease = lease
        self._prefetch = prefetch
        self._poll = poll
        # Postgres limits the names of channels to 63 bytes.
        self._channel = f"pillars_bus_{lock_key(namespace) & 2**64 - 1:016x}"
        self._told = broadcast_channel(namespace)
        self._pool: AsyncConnectionPool | None = None
        self._loop_task: asyncio.Task[None] | None = None
        self._declared: set[str] = set()
        self._consumers: dict[str, Consumer] = {}
        self._wake = asyncio.Event()
        self._look_at: set[str] = set()
        self._deliveries = Deliveries(concurrency, retry_delays, lease, poll, self._wake, self._look)
        self._purged = self._measured = 0.0

    async def start(self) -> None:
        """Connect; `ConnectionError` when the database does not answer within 15 s. Harmless when repeated."""
        if self._pool is not None:
            return
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            self._url,
            connection_class=AnyPasswordConnection,
            min_size=1,
            max_size=4,
            open=False,
            timeout=5,
            max_idle=60,
            kwargs={**SESSION, "application_name": "pillars-bus", "options": "-c statement_timeout=30000"},
            configure=prepare,
        )
        try:
            await pool.open(wait=True, timeout=_START_SECONDS)
        except asyncio.CancelledError:
            await pool.close()
            raise
        except psycopg.Error as error:
            await pool.close()
            raise ConnectionError(f"the database of the bus does not answer: {error}") from error
        self._pool = pool

    async def stop(self) -> None:
        """Stop claiming, let running handlers finish for up to 15 s, give the rest back."""
        self._deliveries.stop()
        for consumer in self._consumers.values():
            if consumer.batches is not None:
                consumer.batches.hasten()
        await self._deliveries.end()
        if self._loop_task:
            self._wake.set()
            await self._loop_task
            self._loop_task = None
        if self._pool:
            await self._pool.close()
            self._pool = None

    async def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """Keep events for these subscriptions from now on."""
        pairs = [(p, queue_name(self._namespace, s)) for s in subscriptions for p in s.patterns]
        try:
            async with self._connected().connection() as connection:
                await connection.execute(
                    BIND,
                    {
                        "namespace": self._namespace,
                        "patterns": [p for p, _ in pairs],
                        "queues": [q for _, q in pairs],
                    },
                )
        except psycopg.Error as error:
            raise ConnectionError(f"the queues could not be declared: {error}") from error
        self._declared.update(queue for _, queue in pairs)

    async def unbind(self, bindings: Sequence[tuple[str, str]]) -> None:
        """Unbind; deliveries that are there stay."""
        stale = {"queues": [q for q, _ in bindings], "patterns": [p for _, p in bindings]}
        try:
            async with self._connected().connection() as connection:
                await connection.execute(UNBIND, {**stale, "namespace": self._namespace})
        except psycopg.Error as error:
            raise ConnectionError(f"the queues could not be unbound: {error}") from error

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Store a batch and a delivery for each queue; one already stored is not stored again."""
        if not envelopes:
            return
        values = {
            "namespace": self._namespace,
            "ids": [envelope.id for envelope in envelopes],
            "types": [envelope.type for envelope in envelopes],
            "envelopes": [orjson.dumps(envelope.to_json()).decode() for envelope in envelopes],
            "here": list(self._consumers),
            "channel": self._channel,
        }
        try:
            async with self._connected().connection() as connection:
                row = await (await connection.execute(PUBLISH, values)).fetchone()
        except (psycopg.Error, OSError) as error:
            raise PublishFailed(f"the database of the bus does not answer: {error}") from error
        assert row is not None
        unrouted, queues, _ = row
        here = self._consumers.keys() & set(queues or ())
        if here:
            self._look(here)
        await self._tell(envelopes)
        if unrouted:
            raise PublishFailed(f"no queue takes {len(unrouted)} events", frozenset(unrouted))

    async def _tell(self, envelopes: Sequence[Envelope]) -> None:
        """Let those who listen hear of broadcast events."""
        told = [_told(e) for e in envelopes if (kind := REGISTRY.get(e.type)) and kind.is_broadcast]
        if not told:
            return
        try:
            async with self._connected().connection() as connection:
                await connection.execute(TELL, {"channel": self._told, "messages": told})
        except (psycopg.Error, OSError) as error:
            raise PublishFailed(f"the database of the bus does not answer: {error}") from error

    async def consume(
        self,
        subscriptions: Sequence[Subscription],
        deliver: Deliver,
        refuse: Refuse,
        deliver_batch: DeliverBatch | None = None,
    ) -> None:
        """Start delivering messages of these subscriptions."""
        for subscription in subscriptions:
            name = queue_name(self._namespace, subscription)
            self._declared.add(name)
            consumer = self._consumers[name] = Consumer(subscription, deliver, refuse, self._prefetch)
            if subscription.batch > 1 and deliver_batch is not None:
                self._deliveries.take_batches(consumer, deliver_batch)
        self._look_everywhere()
        if self._loop_task is None:
            self._loop_task = asyncio.create_task(self._run(), name="postgres-broker")

    async def queues(self) -> list[QueueState]:
        """The state of the declared queues."""
        async with self._connected().connection() as connection:
            cursor = await connection.execute(QUEUES, {"queues": sorted(self._declared)})
            return [QueueState(*row) for row in await cursor.fetchall()]

    async def healthy(self) -> bool:
        """Whether the database answers within 2 s."""
        try:
            async with asyncio.timeout(2), self._connected().connection() as connection:
                await connection.execute("SELECT 1")
        except (psycopg.Error, OSError, TimeoutError):
            return False
        return True

    def _connected(self) -> AsyncConnectionPool:
        if self._pool is None:
            raise ConnectionError("the broker is not started")
        return self._pool

    async def _run(self) -> None:
        failures = 0
        while True:
            connection: Connection | None = None
            try:
                connection = await connect(self._url, "pillars-bus-consumer")
                await connection.execute(f'LISTEN "{self._channel}"')
                connection.add_notify_handler(lambda _: self._look_everywhere())
                self._look_everywhere()
                failures = 0
                while not await self._turn(connection):
                    pass
                return
            except Exception as error:
                failures += 1
                if failures == 1 or failures % 20 == 0:
                    expected = isinstance(error, psycopg.OperationalError | OSError)
                    logger.warning(
                        "the consumer of the bus reconnects: %s", error, exc_info=None if expected else error
                    )
                if self._deliveries.is_stopping and failures > 3:
                    return  # what is not settled comes back after its lease
                await asyncio.sleep(backoff(failures, base=0.05, limit=2))
            finally:
                if connection is not None:
                    with suppress(psycopg.Error, OSError):
                        await connection.close()

    async def _turn(self, connection: Connection) -> bool:
        """Settle what was handled, claim what is due, then wait to be woken; return whether all is over."""
        self._wake.clear()
        await self._deliveries.settle(connection)
        # A handler may have ended while the others were settled.
        if self._deliveries.is_stopping and not self._deliveries.is_any_left:
            return True
        await self._deliveries.renew(connection)
        if not self._deliveries.is_stopping:
            await self._claim(connection)
            await self._tidy(connection)
        if not self._wake.is_set():
            seconds = min(self._poll, self._lease / 4)
            if not await idle(connection, self._wake, seconds, on_notify=self._look_everywhere):
                self._look_at.update(self._consumers)
        return False

    def _look_everywhere(self) -> None:
        self._look(self._consumers)

    def _look(self, queues: Iterable[str]) -> None:
        self._look_at.update(queues)
        self._wake.set()

    async def _claim(self, connection: Connection) -> None:
        # What is published from here on asks to be looked at anew; it may be too late for this look.
        wanted, self._look_at = self._look_at, set()
        rooms: dict[str, int] = {}
        for queue in wanted:
            consumer = self._consumers[queue]
            room = consumer.prefetch - consumer.in_hand
            # Claiming one by one as places become free would cost a statement each.
            if room * 2 >= consumer.prefetch:
                rooms[queue] = room
            else:
                self._look_at.add(queue)
        if not rooms:
            return
        try:
            cursor = await connection.execute(
                CLAIM, {"queues": list(rooms), "rooms": list(rooms.values()), "lease": self._lease}
            )
            taken = sorted(await cursor.fetchall(), key=itemgetter(0))
        except BaseException:
            self._look_at.update(wanted)
            raise
        for delivery_id, claims, queue, attempts, lost, raw in taken:
            rooms[queue] -= 1
            lease = Lease(delivery_id, claims, queue, attempts, lost)
            self._deliveries.receive(self._consumers[queue], lease, raw)
        # A queue that filled its room may hold more; it is looked at again when places are free.
        self._look_at.update(queue for queue, room in rooms.items() if room <= 0)

    async def _tidy(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._purged > _PURGE_SECONDS:
            await connection.execute(PURGE)
            self._purged = now
        if now - self._measured > _MEASURE_SECONDS:
            self._measured = now
            show_ready(self._namespace, await self.queues())


def _told(envelope: Envelope) -> str:
    message = orjson.dumps({"type": envelope.type, "data": envelope.data})
    if len(message) > _MOST_TOLD_BYTES:
        message = orjson.dumps({"type": envelope.type, "data": None})
    return message.decode()
