"""A bounded cache with expiry where a burst of misses on one key makes one call."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlightCache(Generic[K, V]):
    """Keeps up to `size` values, the least recently used goes first. Times are Unix seconds given by the caller."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[K, tuple[V, float, float]] = OrderedDict()
        self._flights: dict[K, asyncio.Task[V]] = {}
        self._generation = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K, now: float) -> V | None:
        """The value of a key, unless it is unknown or out of date."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, since, until = entry
        # Before it was learnt the clock was set back, and its end may be hours away.
        if not since <= now < until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V, since: float, until: float) -> None:
        """Remember a value that was learnt then until then."""
        self._entries[key] = (value, since, until)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)

    async def make(
        self, key: K, life: Callable[[V], tuple[float, float]], maker: Callable[[], Awaitable[V]]
    ) -> V:
        """Make the value of a key and remember it from when until when `life` says; who asks meanwhile waits along.

        A caller that is cancelled does not cancel the call for the others. Errors are not remembered.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fly(key, life, maker))
            self._flights[key] = flight
            # Whoever waits raises it; when all of them left, nobody needs it.
            flight.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.shield(flight)

    async def _fly(
        self, key: K, life: Callable[[V], tuple[float, float]], maker: Callable[[], Awaitable[V]]
    ) -> V:
        generation = self._generation
        try:
            value = await maker()
            # What was forgotten during the call must not come back with its result.
            if generation == self._generation:
                self.put(key, value, *life(value))
            return value
        finally:
            if self._flights.get(key) is asyncio.current_task():
                del self._flights[key]

    def drop(self, matches: Callable[[K, V], bool]) -> int:
        """Forget the values that match, and whatever is being made now; return how many were known."""
        self._generation += 1
        self._flights.clear()
        gone = [key for key, (value, _, _) in self._entries.items() if matches(key, value)]
        for key in gone:
            del self._entries[key]
        return len(gone)
