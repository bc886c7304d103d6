"""Collects what comes for one queue while a batch of it is being handled."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Hands on what is there, up to `size` items at once and one batch after another; it waits for no more to come.

    So an idle queue adds no latency, a busy one grows its batches by itself, and order is kept. `tasks` is where the
    task that works is kept until it ends.
    """

    def __init__(
        self, size: int, handle: Callable[[list[T]], Awaitable[None]], tasks: set[asyncio.Task[None]]
    ) -> None:
        self._size = size
        self._handle = handle
        self._tasks = tasks
        self._waiting: deque[T] = deque()
        self._works = False

    def put(self, item: T) -> None:
        """Take an item; it is handled soon."""
        self._waiting.append(item)
        if not self._works:
            self._works = True
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                count = min(self._size, len(self._waiting))
                await self._handle([self._waiting.popleft() for _ in range(count)])
        finally:
            self._works = False
