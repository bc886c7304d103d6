"""An answer as its reader sees it: a head, and a body that comes in parts."""

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libs.common.http.client.connection import Connection

# So much of an answer is kept for a reader who is slow; beyond it the server waits.
_HIGH_WATER = 262_144


class Answer:
    """An answer whose head is here. Read `part`s until there is no more, or `close`.

    Attributes:
        headers: with names as they came.
    """

    __slots__ = ("_connection", "_error", "_is_complete", "_parts", "_size", "_waiter", "headers", "status")

    def __init__(self, connection: "Connection", status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = headers
        self._connection: Connection | None = connection
        self._parts: list[bytes] = []
        self._size = 0
        self._is_complete = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def part(self) -> tuple[bytes, bool]:
        """What has arrived of the body, and whether more follows; waits until there is something to tell.

        Raises:
            CutShort: there will be no end.
        """
        while not self._parts and not self._is_complete:
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        parts, self._parts, self._size = self._parts, [], 0
        if self._connection is not None:
            self._connection.resume()
        return parts[0] if len(parts) == 1 else b"".join(parts), not self._is_complete

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            CutShort: there will be no end.
        """
        found = []
        more = True
        while more:
            part, more = await self.part()
            found.append(part)
        return b"".join(found)

    def close(self) -> None:
        """Read no more of it, which costs the connection where it has not ended."""
        if self._connection is not None and not self._is_complete:
            self._connection.abort()

    def take(self, part: bytes) -> bool:
        """A part came; whether that is as much as is kept."""
        self._parts.append(part)
        self._size += len(part)
        self._wake()
        return self._size > _HIGH_WATER

    def end(self, error: Exception | None = None) -> None:
        """It is here in full, or will never be."""
        self._error = error
        self._is_complete = error is None
        self._connection = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
