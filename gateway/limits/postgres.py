"""Buckets in an unlogged table, shared by all gateways of a deployment; one statement for each request."""

import logging
from typing import LiteralString

from psycopg import AsyncConnection, Error
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from gateway.limits.bucket import Decision, Limit
from gateway.limits.memory import MemoryBuckets

log = logging.getLogger("pillars.gateway")

# Unlogged: after a crash everyone starts with a full bucket, which harms nobody and halves the cost.
_CREATE: tuple[LiteralString, ...] = (
    "CREATE SCHEMA IF NOT EXISTS gateway",
    """
    CREATE UNLOGGED TABLE IF NOT EXISTS gateway.rate_buckets (
        key text PRIMARY KEY,
        tokens double precision NOT NULL,
        touched_at double precision NOT NULL,
        was_allowed boolean NOT NULL
    ) WITH (fillfactor = 50)
    """,
    "CREATE INDEX IF NOT EXISTS rate_buckets_touched_at ON gateway.rate_buckets (touched_at)",
)
_TAKE: LiteralString = """
    INSERT INTO gateway.rate_buckets AS b (key, tokens, touched_at, was_allowed)
    VALUES (%(key)s, %(burst)s - %(cost)s, %(now)s, true)
    ON CONFLICT (key) DO UPDATE SET
        (tokens, was_allowed) = (
            SELECT CASE WHEN ready >= %(need)s THEN ready - %(cost)s ELSE ready END, ready >= %(need)s
            FROM (SELECT LEAST(%(burst)s, b.tokens + GREATEST(0, %(now)s - b.touched_at) * %(rate)s) AS ready) AS r
        ),
        touched_at = CASE WHEN b.touched_at > %(now)s + %(apart)s THEN %(now)s ELSE GREATEST(b.touched_at, %(now)s) END
    RETURNING tokens, was_allowed
"""
_SWEEP: LiteralString = "DELETE FROM gateway.rate_buckets WHERE touched_at < %(before)s"
_LOCK: LiteralString = "SELECT pg_advisory_xact_lock(7305518401)"
_SWEEP_SECONDS = 300.0
_KEEP_SECONDS = 3_600.0
_REST_SECONDS = 5.0
# How far the clocks of gateways may be apart; a bucket from further ahead was touched before a clock was set back.
_APART_SECONDS = 60.0


class PostgresBuckets:
    """Shares buckets over a database `url`; while that cannot be reached, this process counts alone."""

    def __init__(self, url: str, *, size: int = 4, timeout: float = 0.5) -> None:
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=size,
            timeout=timeout,
            open=False,
            kwargs={"autocommit": True},
            name="rate-limits",
        )
        self._alone = MemoryBuckets()
        self._alone_until = 0.0
        self._swept_at: float | None = None
        self._has_table = False

    async def start(self) -> None:
        """Open the pool; the table is made with the first connection."""
        await self._pool.open()

    async def stop(self) -> None:
        """Close the pool."""
        await self._pool.close()

    def take_now(self, key: str, limit: Limit, now: float, *, cost: int = 1) -> None:
        """They are not here."""

    async def take(self, key: str, limit: Limit, now: float, *, cost: int = 1) -> Decision:
        """Take tokens if they lie ready."""
        if not 0 < self._alone_until - now <= _REST_SECONDS:
            try:
                async with self._pool.connection() as connection:
                    if not self._has_table:
                        await self._make_table(connection)
                    decision = await self._take(connection, key, limit, now, cost)
                    await self._sweep(connection, now)
                    return decision
            except (Error, PoolTimeout) as error:
                # A limit is not worth an outage: count here for a while, then look again.
                log.warning("rate limits are counted per process: %s", type(error).__name__)
                self._alone_until = now + _REST_SECONDS
        return self._alone.take_now(key, limit, now, cost=cost)

    async def _make_table(self, connection: AsyncConnection) -> None:
        async with connection.transaction():
            # Two gateways that start at once would both find nothing.
            await connection.execute(_LOCK)
            for statement in _CREATE:
                await connection.execute(statement)
        self._has_table = True

    async def _take(
        self, connection: AsyncConnection, key: str, limit: Limit, now: float, cost: int
    ) -> Decision:
        bound = {
            "key": key,
            "burst": float(limit.burst),
            "rate": limit.per_second,
            "cost": float(cost),
            "need": float(max(cost, 1)),
            "now": now,
            "apart": _APART_SECONDS,
        }
        row = await (await connection.execute(_TAKE, bound)).fetchone()
        assert row is not None
        return Decision(row[1], row[0], limit)

    async def _sweep(self, connection: AsyncConnection, now: float) -> None:
        if self._swept_at is None:
            self._swept_at = now
        elif abs(now - self._swept_at) >= _SWEEP_SECONDS:
            self._swept_at = now
            await connection.execute(_SWEEP, {"before": now - _KEEP_SECONDS})
