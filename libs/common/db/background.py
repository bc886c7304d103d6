"""Keeps handlers and jobs from holding all connections of a service: they share some of its pool, and requests find the rest."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from sqlalchemy import PoolProxiedConnection
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry
from sqlalchemy.util import await_only

from libs.common import metrics

_TURN = "background_turn"


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
        """A connection, which work in the background may have to wait for longer than a request."""
        kind = type(self)
        kind.waiting += 1
        try:
            return self._connect()
        finally:
            kind.waiting -= 1

    def _connect(self) -> PoolProxiedConnection:
        turn = _turn.get()
        if turn is None or turn.background is not self.background:
            return super().connect()
        await_only(turn.take())
        try:
            connection = super().connect()
        except BaseException:
            turn.give_back()
            raise
        assert connection.record_info is not None
        connection.record_info[_TURN] = turn
        return connection

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        now = time.monotonic()
        # The one that comes back counts as taken here.
        if self.checkedout() > self.kept:
            self._burst_at = now
        if self.checkedin() < self.kept or now - self._burst_at < self.burst_seconds:
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
