"""The broker in Postgres: a row per event and a row per queue that is to have it.

Claimed rows are leased: whoever dies holding one loses it after the lease, and a token keeps one that was merely slow
from settling what is another's by then. One loop per process claims for all its queues.
"""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from typing import Any

import orjson
import psycopg
from psycopg_pool import AsyncConnectionPool

from libs.common import metrics
from libs.common.db.passwords import Connection as AnyPasswordConnection
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
from libs.common.messaging.connection import (
    SESSION,
    Connection,
    connect,
    idle,
    lock_key,
    prepare,
    without_driver,
)
from libs.common.messaging.envelope import BadEnvelope, Envelope
from libs.common.messaging.event import REGISTRY
from libs.common.messaging.listening import broadcast_channel
from libs.common.messaging.slots import Slots
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import backoff

logger = logging.getLogger("pillars.bus")

_BIND = """
INSERT INTO bus.binding (namespace, pattern, queue)
SELECT %(namespace)s, * FROM unnest(%(patterns)s::text[], %(queues)s::text[])
ON CONFLICT DO NOTHING
"""

_UNBIND = """
DELETE FROM bus.binding USING unnest(%(queues)s::text[], %(patterns)s::text[]) AS stale (queue, pattern)
WHERE namespace = %(namespace)s AND binding.queue = stale.queue AND binding.pattern = stale.pattern
"""

_PUBLISH = """
WITH incoming AS (
    SELECT * FROM unnest(%(ids)b::uuid[], %(types)b::text[], %(envelopes)b::text[])
        WITH ORDINALITY AS given (event_id, type, envelope, position)
), unrouted AS (
    SELECT event_id FROM incoming WHERE NOT EXISTS (
        SELECT FROM bus.binding WHERE namespace = %(namespace)s AND pattern IN (incoming.type, '#'))
), fresh AS (
    INSERT INTO bus.message (namespace, event_id, type, envelope)
    SELECT %(namespace)s, event_id, type, envelope::json FROM incoming
    WHERE event_id NOT IN (SELECT event_id FROM unrouted) ORDER BY position
    ON CONFLICT (namespace, event_id) DO NOTHING
    RETURNING seq, type
), routed AS (
    INSERT INTO bus.delivery (queue, message)
    SELECT DISTINCT binding.queue, fresh.seq FROM fresh
    JOIN bus.binding ON binding.namespace = %(namespace)s AND binding.pattern IN (fresh.type, '#')
    ORDER BY fresh.seq
    RETURNING queue
), queues AS (
    SELECT array_agg(DISTINCT queue) AS names FROM routed
)
SELECT (SELECT array_agg(event_id) FROM unrouted), names,
    CASE WHEN NOT names <@ %(here)s::text[] THEN pg_notify(%(channel)s, '') END
FROM queues
"""

_TELL = "SELECT pg_notify(%(channel)s, message) FROM unnest(%(messages)s::text[]) AS told (message)"
# Postgres takes payloads of less than 8,000 bytes.
_MOST_TOLD_BYTES = 7_900

_CLAIM = """
WITH claimed AS (
    SELECT due.id FROM unnest(%(queues)s::text[], %(rooms)s::int[]) AS wanted (queue, room)
    CROSS JOIN LATERAL (
        SELECT id FROM bus.delivery
        WHERE delivery.queue = wanted.queue AND available_at <= now()
        ORDER BY available_at, id LIMIT wanted.room FOR UPDATE SKIP LOCKED
    ) AS due
)
UPDATE bus.delivery SET available_at = now() + %(lease)s * interval '1 second', claims = claims + 1, is_leased = true,
    lost = lost + is_leased::int
FROM claimed, bus.message
WHERE delivery.id = claimed.id AND message.seq = delivery.message
RETURNING delivery.id, delivery.claims, delivery.queue, delivery.attempts, delivery.lost, message.envelope
"""

_DONE = """
DELETE FROM bus.delivery USING unnest(%(ids)s::bigint[], %(claims)s::int[]) AS mine (id, claims)
WHERE delivery.id = mine.id AND delivery.claims = mine.claims
"""

_LATER = """
UPDATE bus.delivery SET available_at = now() + mine.delay * interval '1 second', attempts = mine.attempts,
    is_leased = false
FROM unnest(%(ids)s::bigint[], %(claims)s::int[], %(delays)s::float8[], %(attempts)s::int[])
    AS mine (id, claims, delay, attempts)
WHERE delivery.id = mine.id AND delivery.claims = mine.claims
"""

_RENEW = """
UPDATE bus.delivery SET available_at = now() + %(lease)s * interval '1 second'
FROM unnest(%(ids)s::bigint[], %(claims)s::int[]) AS mine (id, claims)
WHERE delivery.id = mine.id AND delivery.claims = mine.claims
"""

_QUEUES = """
SELECT name, count(id) FILTER (WHERE available_at <= now()),
    count(id) FILTER (WHERE available_at > now() AND is_leased),
    count(id) FILTER (WHERE available_at > now() AND NOT is_leased)
FROM unnest(%(queues)s::text[]) AS wanted (name) LEFT JOIN bus.delivery ON delivery.queue = name
GROUP BY name ORDER BY name
"""

# A message stays for a while after its last delivery, so that a repeated publish finds it.
_PURGE = """
DELETE FROM bus.message WHERE seq IN (
    SELECT seq FROM bus.message WHERE created_at < now() - interval '10 minutes'
        AND NOT EXISTS (SELECT FROM bus.delivery WHERE delivery.message = message.seq)
    ORDER BY seq LIMIT 5000 FOR UPDATE SKIP LOCKED)
"""

_START_SECONDS = 15.0
_STOP_SECONDS = 15.0
_PURGE_SECONDS = 60.0
_MEASURE_SECONDS = 15.0
# Handlers that end within this time of each other are settled by one statement.
_SETTLE_SECONDS = 0.003


@dataclass(slots=True)
class _Consumer:
    subscription: Subscription
    deliver: Deliver
    refuse: Refuse
    prefetch: int
    in_hand: int = 0
    batches: "Batches[tuple[_Lease, Envelope]] | None" = None


@dataclass(frozen=True, slots=True)
class _Lease:
    id: int
    claims: int
    queue: str
    attempts: int
    lost: int


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
        self._retry_delays = retry_delays
        self._lease = lease
        self._prefetch = prefetch
        self._poll = poll
        self._slots = Slots(concurrency)
        # Postgres limits the names of channels to 63 bytes.
        self._channel = f"pillars_bus_{lock_key(namespace) & 2**64 - 1:016x}"
        self._told = broadcast_channel(namespace)
        self._pool: AsyncConnectionPool | None = None
        self._loop_task: asyncio.Task[None] | None = None
        self._declared: set[str] = set()
        self._consumers: dict[str, _Consumer] = {}
        self._leases: dict[int, _Lease] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[_Lease] = []
        self._later: list[tuple[_Lease, float, int]] = []
        self._wake = asyncio.Event()
        self._look_at: set[str] = set()
        self._settle_soon = False
        self._stopping = False
        self._releases = 0
        self._renewed = self._purged = self._measured = 0.0

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
        self._stopping = True
        for consumer in self._consumers.values():
            if consumer.batches is not None:
                consumer.batches.hasten()
        if self._tasks:
            self._wake.set()
            _, late = await asyncio.wait(self._tasks, timeout=_STOP_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
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
                    _BIND,
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
                await connection.execute(_UNBIND, {**stale, "namespace": self._namespace})
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
                row = await (await connection.execute(_PUBLISH, values)).fetchone()
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
                await connection.execute(_TELL, {"channel": self._told, "messages": told})
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
            consumer = _Consumer(subscription, deliver, refuse, self._prefetch)
            if subscription.batch > 1 and deliver_batch is not None:
                handle = partial(self._handle_batch, consumer, deliver_batch)
                consumer.batches = Batches(
                    subscription.batch, handle, self._tasks, spacing=subscription.spacing
                )
                # A batch comes in while another is handled.
                consumer.prefetch = max(self._prefetch, 2 * subscription.batch)
            self._consumers[name] = consumer
        self._look_everywhere()
        if self._loop_task is None:
            self._loop_task = asyncio.create_task(self._run(), name="postgres-broker")

    async def queues(self) -> list[QueueState]:
        """The state of the declared queues."""
        async with self._connected().connection() as connection:
            cursor = await connection.execute(_QUEUES, {"queues": sorted(self._declared)})
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
                if self._stopping and failures > 3:
                    return  # what is not settled comes back after its lease
                await asyncio.sleep(backoff(failures, base=0.05, limit=2))
            finally:
                if connection is not None:
                    with suppress(psycopg.Error, OSError):
                        await connection.close()

    async def _turn(self, connection: Connection) -> bool:
        """Settle what was handled, claim what is due, then wait to be woken; return whether all is over."""
        self._wake.clear()
        self._settle_soon = False
        await self._settle(connection)
        # A handler may have ended while the others were settled.
        if self._stopping and not (self._tasks or self._done or self._later):
            return True
        await self._renew(connection)
        if not self._stopping:
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
                _CLAIM, {"queues": list(rooms), "rooms": list(rooms.values()), "lease": self._lease}
            )
            taken = sorted(await cursor.fetchall(), key=itemgetter(0))
        except BaseException:
            self._look_at.update(wanted)
            raise
        for delivery_id, claims, queue, attempts, lost, raw in taken:
            rooms[queue] -= 1
            self._begin(_Lease(delivery_id, claims, queue, attempts, lost), raw)
        # A queue that filled its room may hold more; it is looked at again when places are free.
        self._look_at.update(queue for queue, room in rooms.items() if room <= 0)

    def _begin(self, lease: _Lease, raw: dict[str, object]) -> None:
        self._leases[lease.id] = lease
        consumer = self._consumers[lease.queue]
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

    async def _refuse(self, lease: _Lease, consumer: _Consumer, body: bytes, reason: str) -> None:
        verdict = Verdict.RELEASE
        try:
            await consumer.refuse(consumer.subscription, body, {}, reason)
            verdict = Verdict.DONE
        except Exception:
            logger.exception("a message that is no event could not be kept", extra={"queue": lease.queue})
        finally:
            consumer.in_hand -= 1
            self._finish(lease, verdict)

    async def _handle(self, lease: _Lease, consumer: _Consumer, envelope: Envelope) -> None:
        verdict = Verdict.RELEASE
        subscription = consumer.subscription
        try:
            async with self._slots.take(lease.queue, envelope.subject, in_bulk=subscription.in_bulk):
                if not self._stopping:
                    verdict = await consumer.deliver(subscription, envelope)
        except Exception:
            logger.exception("a delivery failed outside its handler", extra={"queue": lease.queue})
        finally:
            consumer.in_hand -= 1
            self._finish(lease, verdict)

    async def _handle_batch(
        self, consumer: _Consumer, deliver_batch: DeliverBatch, items: list[tuple[_Lease, Envelope]]
    ) -> None:
        verdicts: Sequence[Verdict] = [Verdict.RELEASE] * len(items)
        queue = items[0][0].queue
        try:
            async with self._slots.take(queue, "", in_bulk=True):
                if not self._stopping:
                    envelopes = [envelope for _, envelope in items]
                    verdicts = await deliver_batch(consumer.subscription, envelopes)
        except Exception:
            logger.exception("a batch failed outside its handler", extra={"queue": queue})
        finally:
            consumer.in_hand -= len(items)
            for (lease, _), verdict in zip(items, verdicts, strict=True):
                self._finish(lease, verdict)

    def _finish(self, lease: _Lease, verdict: Verdict) -> None:
        self._leases.pop(lease.id, None)
        if verdict is Verdict.DONE:
            self._done.append(lease)
            self._releases = 0
        elif verdict is Verdict.RETRY:
            self._put_back(lease, retry_delay(lease.attempts + 1, self._retry_delays), lease.attempts + 1)
            self._releases = 0
        else:
            self._releases += 1
            self._put_back(lease, 0 if self._stopping else backoff(self._releases, base=0.25), lease.attempts)
        if not self._settle_soon:
            self._settle_soon = True
            asyncio.get_running_loop().call_later(_SETTLE_SECONDS, self._wake.set)

    def _put_back(self, lease: _Lease, delay: float, attempts: int) -> None:
        self._later.append((lease, delay, attempts))
        if delay < self._poll:
            loop = asyncio.get_running_loop()
            loop.call_later(delay + 2 * _SETTLE_SECONDS, self._look, (lease.queue,))

    async def _settle(self, connection: Connection) -> None:
        if done := self._done[:]:
            await connection.execute(_DONE, {"ids": [x.id for x in done], "claims": [x.claims for x in done]})
            del self._done[: len(done)]
        if later := self._later[:]:
            await connection.execute(
                _LATER,
                {
                    "ids": [lease.id for lease, _, _ in later],
                    "claims": [lease.claims for lease, _, _ in later],
                    "delays": [delay for _, delay, _ in later],
                    "attempts": [attempts for _, _, attempts in later],
                },
            )
            del self._later[: len(later)]

    async def _renew(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._renewed < self._lease / 3:
            return
        self._renewed = now
        if held := list(self._leases.values()):
            await connection.execute(
                _RENEW,
                {"lease": self._lease, "ids": [x.id for x in held], "claims": [x.claims for x in held]},
            )

    async def _tidy(self, connection: Connection) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._purged > _PURGE_SECONDS:
            await connection.execute(_PURGE)
            self._purged = now
        if now - self._measured > _MEASURE_SECONDS:
            self._measured = now
            for state in await self.queues():
                service = state.name.removeprefix(f"{self._namespace}.").partition(".")[0]
                metrics.queue_ready.labels(service, state.name).set(state.ready)


def _told(envelope: Envelope) -> str:
    message = orjson.dumps({"type": envelope.type, "data": envelope.data})
    if len(message) > _MOST_TOLD_BYTES:
        message = orjson.dumps({"type": envelope.type, "data": None})
    return message.decode()
