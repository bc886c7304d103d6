"""A proxy on loopback that breaks connections on request: drop, refuse, stall, delay, cut one way."""

import asyncio
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import cast

Target = Callable[[], tuple[str, int] | None]

_HIGH_WATER = 256 * 1024
# Closing with no time to linger makes the kernel send a reset instead of an orderly end.
_NO_LINGER = struct.pack("ii", 1, 0)

UP, DOWN = "up", "down"


class Link:
    """The way from some clients to one server. `target` is asked at each connection, since servers move.

    Attributes:
        broken: how many connections each kind of fault has ended or held up.
    """

    def __init__(self, name: str, target: Target) -> None:
        self.name = name
        self.target = target
        self.port = 0
        self.broken: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._refusing = False
        self._held: frozenset[str] = frozenset()
        self._latency = 0.0

    async def start(self) -> None:
        """Listen on a free port, which stays the same from now on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Pair(self).client, "127.0.0.1", self.port, backlog=1024
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and end what runs over it."""
        if self._server is not None:
            self._server.close()
        self.drop()
        if self._server is not None:
            await self._server.wait_closed()

    def drop(self, chosen: Callable[[], bool] = lambda: True) -> int:
        """Reset connections, all or those chosen; new ones work."""
        pairs = [pair for pair in self._pairs if chosen()]
        for pair in pairs:
            pair.reset()
        self.broken["reset"] += len(pairs)
        return len(pairs)

    async def refuse(self, seconds: float) -> None:
        """For so long nobody gets through: what is open is reset, what comes is reset at once."""
        self._refusing = True
        self.drop()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._refusing = False

    async def stall(self, seconds: float) -> None:
        """For so long no byte moves either way; then all goes on as if nothing had been."""
        await self._hold(frozenset({UP, DOWN}), seconds)

    async def one_way(self, direction: str, seconds: float) -> None:
        """For so long one direction (`up` to the server or `down` from it) is dead; then all is reset.

        With `down` the server does what it was told and nobody hears of it.
        """
        await self._hold(frozenset({direction}), seconds)

    async def delay(self, latency: float, seconds: float) -> None:
        """For so long every piece takes `latency` seconds longer each way."""
        self._latency = latency
        try:
            await asyncio.sleep(seconds)
        finally:
            self._latency = 0.0

    async def _hold(self, directions: frozenset[str], seconds: float) -> None:
        self._held = directions
        self.broken["held"] += len(self._pairs)
        try:
            await asyncio.sleep(seconds)
        finally:
            # What one direction was told and the other never heard is not made up for: that connection is lost.
            if directions != {UP, DOWN}:
                self.drop()
            self._held = frozenset()
            for pair in tuple(self._pairs):
                pair.release()


class _Pair:
    """One connection of a client and ours to the server behind it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.client = _End(self, UP)
        self.server = _End(self, DOWN)

    def connected(self) -> None:
        """The client is there: reach the server."""
        if self.link._refusing:
            self.link.broken["refused"] += 1
            self.client.reset()
            return
        self.link._pairs.add(self)
        self._reaching = asyncio.ensure_future(self._reach())

    async def _reach(self) -> None:
        target = self.link.target()
        try:
            if target is None:
                raise ConnectionRefusedError
            await asyncio.get_running_loop().create_connection(lambda: self.server, *target)
        except OSError:
            self.reset()
            return
        if self.client.transport is None or self.client.transport.is_closing():
            self.reset()
            return
        self.client.flush()

    def reset(self) -> None:
        """End both sides with a reset."""
        self.link._pairs.discard(self)
        self.client.reset()
        self.server.reset()

    def release(self) -> None:
        """Send on what was held back."""
        self.client.flush()
        self.server.flush()


class _End(asyncio.Protocol):
    """One side of a pair: what it reads goes out at the other, in order, now or later."""

    def __init__(self, pair: _Pair, direction: str) -> None:
        self.pair = pair
        self.direction = direction
        self.transport: asyncio.Transport | None = None
        self._waiting: deque[bytes] = deque()
        self._ended = False
        self._due = 0.0

    @property
    def other(self) -> "_End":
        """The other side."""
        return self.pair.server if self is self.pair.client else self.pair.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=_HIGH_WATER)
        with suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self is self.pair.client:
            self.pair.connected()

    def data_received(self, data: bytes) -> None:
        self._waiting.append(data)
        latency = self.pair.link._latency
        loop = asyncio.get_running_loop()
        if latency or self._due > loop.time():
            # Pieces keep their order: none is due before the one ahead of it.
            self._due = max(self._due, loop.time() + latency)
            loop.call_at(self._due, self.flush)
        else:
            self.flush()

    def flush(self) -> None:
        """Send on what waits, unless this direction is held."""
        out = self.other.transport
        if out is None or self.direction in self.pair.link._held:
            return
        while self._waiting and not out.is_closing():
            out.write(self._waiting.popleft())
        if self._ended and not self._waiting:
            out.close()

    def pause_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        if error is not None:
            self.other.reset()
        else:
            self._ended = True
            self.flush()
        other = self.other.transport
        # What is held back is still to be told, that this is the end as well.
        if other is None or other.is_closing():
            self.pair.link._pairs.discard(self.pair)

    def reset(self) -> None:
        """End this side with a reset."""
        if self.transport is not None and not self.transport.is_closing():
            with suppress(OSError):
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
                )
            self.transport.abort()
