"""Keeps handlers and jobs from holding all connections of a service: they share some of its pool, and requests find the rest."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, cast

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util.concurrency import in_greenlet

from libs.common import metrics

_TURN = "background_turn"
# So long before a connection is too old it is taken by a greenlet: the pool looks at the clock again, and makes it anew.
_EARLY_SECONDS = 1.0


class Background:
    """The connections of one pool that work in the background may hold at once; the others wait in their turn.

    A piece of work that holds one already gets more without waiting, since it could wait for itself.
    """

    def __init__(self, service: str, places: int) -> None:
        self.places = places
        self.free = asyncio.Semaphore(places)
        self.in_use = metrics.database_background_connections.labels(service)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Within the block, connections of this pool are taken from its places."""
        token = _turn.set(_Turn(self))
        try:
            yield
        finally:
            _turn.reset(token)


class _Turn:
    """The connections of one piece of work, which has one place."""

    __slots__ = ("background", "connections")

    def __init__(self, background: Background) -> None:
        self.background = background
        self.connections = 0

    async def take(self) -> None:
        has_none = self.connections == 0
        if has_none:
            await self.background.free.acquire()
        if has_none and self.connections:
            # Another task of the same work was first.
            self.background.free.release()
        self.connections += 1
        self.background.in_use.inc()

    def give_back(self) -> None:
        self.connections -= 1
        self.background.in_use.dec()
        if not self.connections:
            self.background.free.release()


_turn: ContextVar[_Turn | None] = ContextVar("background_turn", default=None)


class _ToBeConnected(Exception):
    """A connection of the pool was lost or is too old: it is made anew, which has to be waited for."""


class SharedPool(AsyncAdaptedQueuePool):
    """A pool of connections that knows who works in the background, and how many wait for one.

    It keeps `kept` of them. Those that a burst took besides stay until there was none for `burst_seconds`: a new one costs
    the server and the process more than what is done with it, and work that comes steadily comes in bursts.
    """

    background: ClassVar[Background]
    kept: ClassVar[int]
    burst_seconds: ClassVar[float] = 60.0
    waiting: ClassVar[int] = 0
    _burst_at = float("-inf")

    def connect(self) -> PoolProxiedConnection:
        """A connection for a session, which work in the background may have to wait for longer than a request."""
        return await_only(self.take())

    async def take(self) -> PoolProxiedConnection:
        """A connection, without a greenlet where one is idle: making one costs more than all the rest of it."""
        turn = _turn.get()
        if turn is not None and turn.background is not self.background:
            turn = None
        kind = type(self)
        kind.waiting += 1
        try:
            if turn is not None:
                await turn.take()
            try:
                connection = self._idle()
                if connection is None:
                    connection = await greenlet_spawn(super().connect)
            except BaseException:
                if turn is not None:
                    turn.give_back()
                raise
        finally:
            kind.waiting -= 1
        if turn is not None:
            assert connection.record_info is not None
            connection.record_info[_TURN] = turn
        return connection

    async def give_back(self, connection: PoolProxiedConnection) -> None:
        """Take a connection back on which nothing runs, without a greenlet where it is kept."""
        if self._keeps_another():
            connection.close()
        else:
            await asyncio.shield(greenlet_spawn(connection.close))

    def _idle(self) -> PoolProxiedConnection | None:
        if not self.checkedin():
            return None
        try:
            return super().connect()
        except _ToBeConnected:
            return None

    def _do_get(self) -> ConnectionPoolEntry:
        record: Any = super()._do_get()
        if not in_greenlet() and (
            record._is_hard_or_soft_invalidated()
            or time.time() - record.last_connect_time > self._recycle - _EARLY_SECONDS
        ):
            super()._do_return_conn(record)
            raise _ToBeConnected
        return cast(ConnectionPoolEntry, record)

    def _keeps_another(self) -> bool:
        now = time.monotonic()
        # The one that comes back counts as taken here.
        if self.checkedout() > self.kept:
            self._burst_at = now
        return self.checkedin() < self.kept or now - self._burst_at < self.burst_seconds

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        # Without a greenlet none can be closed: `give_back` has looked already.
        if not in_greenlet() or self._keeps_another():
            super()._do_return_conn(record)
            return
        try:
            record.close()
        finally:
            self._dec_overflow()


def give_place_back(_: Any, record: Any) -> None:
    """What the pool does when a connection comes back, lost or not."""
    turn = record.record_info.pop(_TURN, None)
    if turn is not None:
        turn.give_back()
