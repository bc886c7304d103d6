"""Collects what comes for one queue while a batch of it is being handled."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from libs.common.messaging.waiting import wait_for

T = TypeVar("T")


class Batches(Generic[T]):
    """Hands on what is there, up to `size` items at once and one batch after another.

    So an idle queue adds no latency, a busy one grows its batches by itself, and order is kept. Between the begins of
    two batches are `spacing` seconds at least, unless a whole batch is there: what comes steadily is then handled in
    few batches, while the first item after a rest waits for nothing. `tasks` is where the task that works is kept
    until it ends.
    """

    def __init__(
        self,
        size: int,
        handle: Callable[[list[T]], Awaitable[None]],
        tasks: set[asyncio.Task[None]],
        *,
        spacing: float = 0.0,
    ) -> None:
        self._size = size
        self._handle = handle
        self._tasks = tasks
        self._spacing = spacing
        self._waiting: deque[T] = deque()
        self._works = False
        self._full = asyncio.Event()
        self._next = 0.0

    def put(self, item: T) -> None:
        """Take an item; it is handled soon."""
        self._waiting.append(item)
        if len(self._waiting) >= self._size:
            self._full.set()
        if not self._works:
            self._works = True
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def hasten(self) -> None:
        """Wait for nothing from here on, as when the process ends."""
        self._spacing = 0.0
        self._full.set()

    async def _work(self) -> None:
        clock = asyncio.get_running_loop().time
        try:
            while self._waiting:
                if len(self._waiting) < self._size and (wait := self._next - clock()) > 0 and self._spacing:
                    self._full.clear()
                    await wait_for(self._full, wait)
                self._next = clock() + self._spacing
                count = min(self._size, len(self._waiting))
                await self._handle([self._waiting.popleft() for _ in range(count)])
        finally:
            self._works = False
