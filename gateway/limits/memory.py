"""Buckets in the memory of one process."""

from collections import OrderedDict

from gateway.limits.bucket import Decision, Limit


class MemoryBuckets:
    """Keeps up to `size` buckets; the longest untouched goes first, which is the one most likely full again."""

    def __init__(self, size: int = 100_000) -> None:
        self._size = size
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def start(self) -> None:
        """Nothing to get ready."""

    async def stop(self) -> None:
        """Nothing is held."""

    async def take(self, key: str, limit: Limit, now: float, *, cost: int = 1) -> Decision:
        """Take tokens if they lie ready."""
        return self.take_now(key, limit, now, cost=cost)

    def take_now(self, key: str, limit: Limit, now: float, *, cost: int = 1) -> Decision:
        """The same without waiting for anything."""
        tokens, since = self._buckets.get(key, (float(limit.burst), now))
        tokens = limit.refilled(tokens, now - since)
        is_allowed = tokens >= (cost or 1)
        if is_allowed:
            tokens -= cost
        # Of a clock that was set back the time is taken as it is: to wait until it has caught up may be to wait for days.
        self._buckets[key] = (tokens, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._size:
            self._buckets.popitem(last=False)
        return Decision(is_allowed, tokens, limit)
