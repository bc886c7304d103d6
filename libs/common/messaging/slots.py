"""Bounds how many handlers run at once, and keeps those of one subject one after another."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Slots:
    """Slots of one process: `total` for all queues together, half of them at most for a single queue.

    Queues in bulk (those that take most of what is published) share a quarter, so that a backlog of theirs does not
    hold up the queues that orders and payments wait for. A slow handler cannot take every slot, and a burst cannot
    take every database connection. Events of one subject are handled in the order in which they came, so far as this
    process had them.
    """

    def __init__(self, total: int) -> None:
        self._total = asyncio.Semaphore(total)
        self._share = max(1, total // 2)
        self._bulk = asyncio.Semaphore(max(1, total // 4))
        self._queues: dict[str, asyncio.Semaphore] = {}
        self._turns: dict[tuple[str, str], _Turn] = {}

    @asynccontextmanager
    async def take(self, queue: str, subject: str, *, in_bulk: bool = False) -> AsyncIterator[None]:
        """Hold a slot for a message of this queue about this subject."""
        key = (queue, subject)
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                share = (
                    self._bulk if in_bulk else self._queues.setdefault(queue, asyncio.Semaphore(self._share))
                )
                async with share:
                    async with self._total:
                        yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]


class _Turn:
    __slots__ = ("lock", "users")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0
