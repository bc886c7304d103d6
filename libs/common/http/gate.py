"""Bounds how many requests are worked on at once; the rest wait a moment, and are refused if it gets longer.

The wait is controlled by delay, not by length: where the queue was empty a moment ago, a request may wait a good while,
since a burst (a sale that opens, a page with many parts) will be over soon. Where it has not been empty for longer,
only briefly: what waits then would wait for nothing. So those that are let in are answered about as fast as ever, whatever comes ("Controlled Delay", B. Maurer,
Fail at Scale, ACM Queue 13(8), 2015, after CoDel by K. Nichols and V. Jacobson).

How many are worth working on at once nobody knows beforehand: many where they wait for others, few where they compete
for one core. So the limit follows the time that requests take, as TCP Vegas does (L. Brakmo and L. Peterson, 1995):
with `inside` at work, each taking `seconds` where it took `least` with nobody around, `inside * (1 - least / seconds)`
of them are merely in each other's way. Where those are too many the limit falls, where few and places are wanted it
rises.
"""

import asyncio
from collections import deque
from contextlib import suppress

from libs.common.errors import Overloaded

PATIENCE_SECONDS = 3.0
PATIENCE_WHEN_BUSY_SECONDS = 0.5
BUSY_AFTER_SECONDS = 5.0
# Whatever is measured, so many are let in: times differ for other reasons too.
LEAST = 8
_FEW, _MANY = 3.0, 6.0
# Per second, how much the least time is forgotten, so that a change for the worse that lasts is taken as it is.
_FORGOTTEN = 0.02
_KINDS = 200


class Gate:
    """Lets `limit` through at once, which is `most` at first and never less than `LEAST`, and `waiting` wait."""

    def __init__(
        self,
        most: int,
        *,
        waiting: int | None = None,
        patience: float = PATIENCE_SECONDS,
        patience_when_busy: float = PATIENCE_WHEN_BUSY_SECONDS,
        busy_after: float = BUSY_AFTER_SECONDS,
    ) -> None:
        self._patience = patience
        self._patience_when_busy = patience_when_busy
        self._busy_after = busy_after
        self.limit = self.most = most
        self._least_limit = min(LEAST, most)
        self._times: dict[str, _Times] = {}
        self._in_the_way = 0.0
        self._measured = 0
        self._was_wanted = False
        self.inside = 0
        self.refused = 0
        self._longest = 4 * most if waiting is None else waiting
        self._queue: deque[asyncio.Future[None]] = deque()
        self._was_empty = 0.0

    @property
    def is_full(self) -> bool:
        """Whether one that came now would be refused at once."""
        return self.inside >= self.limit and len(self._queue) >= self._longest

    async def enter(self) -> None:
        """Wait for a place; call `leave` once for each that came in.

        Raises:
            Overloaded: there was none soon enough; the caller is not inside.
        """
        if self.inside < self.limit and not self._queue:
            self.inside += 1
            return
        self._was_wanted = True
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._queue:
            self._was_empty = now
        if self.is_full:
            self.refuse()
        is_busy = now - self._was_empty > self._busy_after
        place: asyncio.Future[None] = loop.create_future()
        self._queue.append(place)
        timer = loop.call_later(self._patience_when_busy if is_busy else self._patience, _give_up, place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                # The place was given in the same moment.
                self.leave()
            raise
        except Overloaded:
            self.refused += 1
            raise
        finally:
            timer.cancel()
            if not place.done() or place.cancelled() or place.exception() is not None:
                self._forget(place)

    def measure(self, kind: str, seconds: float) -> None:
        """Learn from a request that is still inside how long its like takes; `kind` groups what is alike."""
        times = self._times.get(kind)
        if times is None:
            if len(self._times) >= _KINDS:
                return
            times = self._times[kind] = _Times(seconds, asyncio.get_running_loop().time())
        least = times.least_with(seconds, asyncio.get_running_loop().time())
        self._in_the_way += self.inside * (1 - least / seconds) if seconds > 0 else 0
        self._measured += 1
        if self._measured >= self.limit:
            in_the_way = self._in_the_way / self._measured
            if in_the_way > _MANY:
                self.limit = max(self._least_limit, self.limit - max(1, self.limit // 8))
            elif in_the_way < _FEW and self._was_wanted:
                self.limit = min(self.most, self.limit + 1)
                self._admit_waiting()
            self._in_the_way, self._measured, self._was_wanted = 0.0, 0, False

    def leave(self) -> None:
        """Give the place to the next."""
        if self.inside > self.limit:
            self.inside -= 1
            return
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.inside -= 1

    def _admit_waiting(self) -> None:
        """Use places that a risen limit has made."""
        while self._queue and self.inside < self.limit:
            place = self._queue.popleft()
            if not place.done():
                self.inside += 1
                place.set_result(None)

    def refuse(self) -> None:
        """Refuse one that came.

        Raises:
            Overloaded: always.
        """
        self.refused += 1
        raise Overloaded("More requests came than can be answered soon; try again.")

    def _forget(self, place: asyncio.Future[None]) -> None:
        with suppress(ValueError):
            self._queue.remove(place)


class _Times:
    """The least time that requests of one kind took, slowly forgotten."""

    __slots__ = ("_at", "_least")

    def __init__(self, seconds: float, now: float) -> None:
        self._least = seconds
        self._at = now

    def least_with(self, seconds: float, now: float) -> float:
        """The least time after one more measurement."""
        grown = self._least * (1 + _FORGOTTEN * (now - self._at))
        self._least, self._at = min(grown, seconds), now
        return self._least


def _give_up(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_exception(Overloaded("More requests came than can be answered soon; try again."))
