"""Bounds how many requests are worked on at once; the rest wait a moment, and are refused if it gets longer.

The wait is controlled by delay, not by length: where the queue was empty a moment ago, a request may wait a good while,
since a burst will be over soon. Where it has not been empty for longer, only briefly: what waits then would wait for
nothing. So those that are let in are answered about as fast as ever, whatever comes ("Controlled Delay", B. Maurer,
Fail at Scale, ACM Queue 13(8), 2015, after CoDel by K. Nichols and V. Jacobson).
"""

import asyncio
from collections import deque
from contextlib import suppress

from libs.common.errors import Overloaded

PATIENCE_SECONDS = 0.5
PATIENCE_WHEN_BUSY_SECONDS = 0.05
_BUSY_AFTER_SECONDS = 0.1


class Gate:
    """Lets `limit` through at once, and `waiting` wait."""

    def __init__(self, limit: int, *, waiting: int | None = None) -> None:
        self.limit = limit
        self.inside = 0
        self.refused = 0
        self._longest = 4 * limit if waiting is None else waiting
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
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._queue:
            self._was_empty = now
        if self.is_full:
            self.refuse()
        is_busy = now - self._was_empty > _BUSY_AFTER_SECONDS
        place: asyncio.Future[None] = loop.create_future()
        self._queue.append(place)
        timer = loop.call_later(PATIENCE_WHEN_BUSY_SECONDS if is_busy else PATIENCE_SECONDS, _give_up, place)
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

    def leave(self) -> None:
        """Give the place to the next."""
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self.inside -= 1

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


def _give_up(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_exception(Overloaded("More requests came than can be answered soon; try again."))
