"""The relay: publishes what the outbox of one service holds, in order, at least once.

One transaction claims a batch, publishes it and marks it. A lock of the transaction lets one relay of the service
work at a time, so events keep their order however many processes run one; the others wait their turn.
"""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from libs.common import metrics
from libs.common.db.exchange import Message, exchange
from libs.common.failpoints import failpoint
from libs.common.messaging.broker import Broker, PublishFailed
from libs.common.messaging.connection import Connection, connect, idle, lock_key, plain_url
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.waiting import backoff, wait_for

if TYPE_CHECKING:
    from libs.common.runtime.context import ServiceContext

logger = logging.getLogger("pillars.relay")

_COMMIT, _ROLLBACK = Message("COMMIT"), Message("ROLLBACK")

_MEASURE_SECONDS = 10.0
_PUBLISH_SECONDS = 20.0
# Each statement is planned once for its connection, so whatever is known of the table then: by its index. What it commits
# are marks alone: those of a server that dies before they are on its disk are made again, with what they stand for.
_OPTIONS = (
    "-c app.scope=platform -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_bitmapscan=off "
    "-c synchronous_commit=off"
)


class Relay:
    """Publishes the outbox of one service.

    `batch` events go out in one transaction; every `poll` seconds it looks without having been woken.
    """

    def __init__(
        self, context: "ServiceContext", broker: Broker, *, batch: int = 500, poll: float = 1.0
    ) -> None:
        self._context = context
        self._broker = broker
        self._batch = batch
        self._poll = poll
        self._service = context.service.name
        self._connection: Connection | None = None
        self._one_at_a_time = asyncio.Lock()
        self._measured_at = -_MEASURE_SECONDS
        outbox = context.models.outbox.__table__
        dead_letters = context.models.dead_letter.__table__
        self._outbox = f'"{outbox.schema}"."{outbox.name}"'
        # One round trip. Each statement sees what was committed before it, so the claim sees everything the former
        # owner of the lock did.
        self._claim = [
            Message("BEGIN"),
            Message("SELECT pg_advisory_xact_lock(%(key)s)", {"key": lock_key(f"relay {outbox.schema}")}),
            Message(
                "SELECT id, event_id, type, source, subject, time, tenant_id, data, actor, correlation_id, "
                f"causation_id, traceparent, origin FROM {self._outbox} WHERE published_at IS NULL "
                f"ORDER BY id LIMIT {batch} FOR UPDATE SKIP LOCKED"
            ),
        ]
        self._mark = f"UPDATE {self._outbox} SET published_at = clock_timestamp() WHERE id = ANY(%(ids)s)"
        self._peek = f"SELECT EXISTS (SELECT FROM {self._outbox} WHERE published_at IS NULL)"
        self._measure = (
            f"SELECT count(*), coalesce(extract(epoch FROM now() - min(time)), 0)::float8, "
            f'(SELECT count(*) FROM "{dead_letters.schema}"."{dead_letters.name}" WHERE resolved_at IS NULL), '
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
            "current_setting('max_connections')::int "
            f"FROM {self._outbox} WHERE published_at IS NULL"
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop; outages of the database or the broker only make it wait."""
        stopper = asyncio.create_task(self._wake_at(stop))
        failures, woken = 0, True
        try:
            while not stop.is_set():
                self._context.relay_wake.clear()
                try:
                    # Looking without having been woken nearly never finds anything, so it takes no lock.
                    if woken or await self._is_any_pending():
                        await self._drain()
                    failures = 0
                    await self._measure_now_and_then()
                    woken = await self._idle(stop)
                except Exception as error:
                    failures += 1
                    woken = True
                    metrics.publish_failures_total.labels(self._service).inc()
                    self._report(error, failures)
                    # What waits is of interest most of all while it cannot leave.
                    with suppress(psycopg.Error, OSError):
                        await self._measure_now_and_then()
                    await wait_for(stop, backoff(failures))
        finally:
            stopper.cancel()
            await self._disconnect()

    async def drain_once(self) -> int:
        """Publish all that is pending now and return how many events that were.

        Raises:
            PublishFailed: the broker did not take some; those stay pending.
            psycopg.OperationalError: the database does not answer.
        """
        running = self._connection is not None
        try:
            return await self._drain()
        finally:
            if not running:
                await self._disconnect()

    async def _drain(self) -> int:
        async with self._one_at_a_time:
            total = 0
            while True:
                published = await self._publish_batch()
                total += published
                if published < self._batch:
                    return total

    async def _publish_batch(self) -> int:
        connection = await self._connected()
        try:
            rows = (await exchange(connection, self._claim))[-1].rows
            if not rows:
                await exchange(connection, [_ROLLBACK])
                return 0
            failpoint("relay", self._service, "claimed")
            failure, sent = await self._publish(rows)
            failpoint("relay", self._service, "published")
            await exchange(connection, [Message(self._mark, {"ids": [row[0] for row in sent]}), _COMMIT])
            failpoint("relay", self._service, "marked")
            metrics.events_published_total.labels(self._service).inc(len(sent))
        except BaseException:
            # Whatever state the connection is in: closed, it leaves nothing half done.
            await self._disconnect()
            raise
        if failure:
            raise failure
        return len(sent)

    async def _publish(
        self, rows: list[tuple[Any, ...]]
    ) -> tuple[PublishFailed | None, list[tuple[Any, ...]]]:
        try:
            async with asyncio.timeout(_PUBLISH_SECONDS):
                await self._broker.publish([Envelope(*row[1:]) for row in rows])
        except PublishFailed as failure:
            if failure.event_ids is None:
                return failure, []
            return failure, [row for row in rows if row[1] not in failure.event_ids]
        except TimeoutError:
            return PublishFailed(f"no answer within {_PUBLISH_SECONDS:.0f} s"), []
        return None, rows

    async def _measure_now_and_then(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._measured_at < _MEASURE_SECONDS:
            return
        self._measured_at = now
        connection = await self._connected()
        row = await (await connection.execute(self._measure)).fetchone()
        if row:
            metrics.outbox_pending.labels(self._service).set(row[0])
            metrics.outbox_oldest_seconds.labels(self._service).set(row[1])
            metrics.dead_letters.labels(self._service).set(row[2])
            metrics.server_connections.set(row[3])
            metrics.server_connections_limit.set(row[4])

    async def _is_any_pending(self) -> bool:
        connection = await self._connected()
        row = await (await connection.execute(self._peek)).fetchone()
        return row is None or bool(row[0])

    async def _idle(self, stop: asyncio.Event) -> bool:
        """Wait to be woken; False when nobody did."""
        wake = self._context.relay_wake
        if wake.is_set() or stop.is_set():
            return True
        return await idle(await self._connected(), wake, self._poll, on_notify=wake.set)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._context.relay_wake.set()

    async def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = await connect(
                plain_url(self._context.engine), f"pillars-{self._service}-relay", options=_OPTIONS
            )
            # A notification may also arrive together with the answer to a statement.
            self._connection.add_notify_handler(lambda _: self._context.relay_wake.set())
            await self._connection.execute(f'LISTEN "{self._context.outbox_channel}"')
        return self._connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error, OSError):
                await connection.close()

    def _report(self, error: Exception, failures: int) -> None:
        fields = {"service": self._service, "failures": failures}
        if isinstance(error, PublishFailed | psycopg.OperationalError | OSError):
            # An outage is told at its begin and then now and then, not at every attempt.
            if failures == 1 or failures % 20 == 0:
                logger.warning("events are kept in the outbox: %s", error, extra=fields)
        else:
            logger.error("the relay failed and goes on", exc_info=error, extra=fields)
