"""Bounds how many requests are worked on at once; the rest wait a moment, and are refused if it gets longer.

The wait is controlled by delay, not by length. A burst (a sale that opens, a page with many parts) will be over soon:
each of it may wait a good while, in turn. Where more have come than were let in, too many for chance or two looks in a row, it is
no burst: the newest go first, since who has waited long gets a late answer in any case, and one late answer is better
than that all are late. Where this lasts, with no place left to wait in, or for as long as anybody's patience and with a
wait beyond it, it is overload: who has waited is refused, and of those that come only as many are kept as will be let
in soon, so that the others are told at once, before anything is spent on them. So those that are let in are answered
about as fast as ever, whatever comes ("Controlled Delay" and "Adaptive LIFO", B. Maurer, Fail at Scale, ACM Queue
13(8), 2015; the former after CoDel by K. Nichols and V. Jacobson). A service that is restarted grows a queue as well,
but no longer than its clients are many: who waits for an answer before asking again makes no overload.

How many are worth working on at once nobody knows beforehand: many where they wait for others, few where they compete
for one core. So the limit follows the time that requests take, as TCP Vegas does (L. Brakmo and L. Peterson, 1995):
with `inside` at work, each taking `seconds` where it took `least` with nobody around, `inside * (1 - least / seconds)`
of them are merely in each other's way. Where those are too many the limit falls, where few and places are wanted it
rises.
"""

import asyncio
from collections import deque
from contextlib import suppress
from time import monotonic

from libs.common.errors import Overloaded

# Of a request that waits while there is no overload. With the time it may take then, less than the gateway waits.
PATIENCE_SECONDS = 12.0
# Under overload so many are kept waiting as are let in within this time.
TARGET_SECONDS = 0.05
# It is overload where the queue has been growing for so long and is full.
GROWING_SECONDS = 3.0
# What came and what was let in are compared over stretches of time that are long enough to tell.
_LOOK_SECONDS, _LONGEST_LOOK_SECONDS, _ENOUGH = 0.25, 1.0, 8
# Where nobody waits and nobody has looked for so long, what was seen before says nothing of now.
_FORGET_SECONDS = 2.0
_MARGIN, _AT_LEAST = 1.1, 4
# Whatever is measured, so many are let in: times differ for other reasons too.
LEAST = 8
_FEW, _MANY = 3.0, 6.0
# Per second, how much the least time is forgotten, so that a change for the worse that lasts is taken as it is.
_FORGOTTEN = 0.02
_KINDS = 200

_Place = tuple[asyncio.Future[None], float]


class Gate:
    """Lets `limit` through at once, which is `most` at first and never less than `LEAST`, and `waiting` wait.

    Attributes:
        is_overloaded: whether who comes must be let in soon or is refused at once.
        refused: how many were refused so far.
    """

    def __init__(
        self,
        most: int,
        *,
        waiting: int | None = None,
        patience: float = PATIENCE_SECONDS,
        target: float = TARGET_SECONDS,
    ) -> None:
        self._patience = patience
        self._target = target
        self.limit = self.most = most
        self._least_limit = min(LEAST, most)
        self._times: dict[str, _Times] = {}
        self._in_the_way = 0.0
        self._measured = 0
        self._was_wanted = False
        self.inside = 0
        self.refused = 0
        self._longest = 12 * most if waiting is None else waiting
        self._queue: deque[_Place] = deque()
        self.is_overloaded = False
        self._keep = self._longest
        self._came = self._let_in = 0
        self._looked = 0.0
        self._growing_since: float | None = None
        self._newest_first = False

    @property
    def is_full(self) -> bool:
        """Whether one that came now would be refused at once."""
        if self.inside < self.limit:
            return False
        return self.waiting >= (self._keep if self.is_overloaded else self._longest)

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._queue)

    def knock(self) -> None:
        """Refuse one that has no chance, before anything is spent on it.

        Raises:
            Overloaded: it would be refused.
        """
        if self.is_full:
            self._look(asyncio.get_running_loop().time())
            if self.is_full and (self.is_overloaded or self._growing_since is None):
                self._came += 1
                self._refuse()

    async def enter(self) -> None:
        """Wait for a place; call `leave` once for each that came in.

        Raises:
            Overloaded: there was none soon enough; the caller is not inside.
        """
        self._came += 1
        if self.inside < self.limit and not self._queue:
            self.inside += 1
            self._let_in += 1
            return
        self._was_wanted = True
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._look(now)
        if self.is_full:
            if self.is_overloaded or self._growing_since is None or not self._queue:
                self._refuse()
            # The one that waits longest has the least of its place.
            _give_up(self._queue.popleft()[0])
        place: asyncio.Future[None] = loop.create_future()
        self._queue.append((place, now))
        timer = loop.call_later(2 * self._target if self.is_overloaded else self._patience, _give_up, place)
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
                self._forget((place, now))

    def measure(self, kind: str, seconds: float) -> None:
        """Learn from a request that is still inside how long its like takes; `kind` groups what is alike."""
        times = self._times.get(kind)
        if times is None:
            if len(self._times) >= _KINDS:
                return
            times = self._times[kind] = _Times(seconds, monotonic())
        least = times.least_with(seconds, monotonic())
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
        if not self._queue:
            self.inside -= 1
            return
        self._look(asyncio.get_running_loop().time())
        if self.inside > self.limit or not self._admit_next():
            self.inside -= 1

    def _admit_next(self) -> bool:
        while self._queue:
            place, _ = self._queue.pop() if self._newest_first else self._queue.popleft()
            if not place.done():
                self._let_in += 1
                place.set_result(None)
                return True
        return False

    def _admit_waiting(self) -> None:
        """Use places that a risen limit has made."""
        while self.inside < self.limit and self._admit_next():
            self.inside += 1

    def _look(self, now: float) -> None:
        """Now and then: does the queue grow, and since when?"""
        elapsed = now - self._looked
        if elapsed < (_LOOK_SECONDS if self._let_in >= _ENOUGH else _LONGEST_LOOK_SECONDS):
            return
        if not self._queue and elapsed > _FORGET_SECONDS:
            self._looked, self._came, self._let_in = now, 0, 0
            self._growing_since, self.is_overloaded, self._newest_first = None, False, False
            return
        rate = self._let_in / elapsed
        would_wait = len(self._queue) / rate if rate else elapsed
        is_growing = self._came > _MARGIN * self._let_in + _AT_LEAST
        if not self.is_overloaded:
            is_growing = is_growing and would_wait > self._target
        is_beyond_chance = _is_beyond_chance(self._came, self._let_in)
        self._newest_first = is_growing and (self._growing_since is not None or is_beyond_chance)
        self._looked, self._came, self._let_in = now, 0, 0
        if not is_growing:
            self._growing_since = None
        elif self._growing_since is None:
            self._growing_since = now
        lasts = 0.0 if self._growing_since is None else now - self._growing_since
        is_full = lasts >= GROWING_SECONDS and len(self._queue) >= self._longest
        is_long = lasts >= self._patience and would_wait > self._patience
        was_overloaded = self.is_overloaded
        self.is_overloaded = is_growing and (was_overloaded or is_full or is_long)
        if self.is_overloaded:
            self._newest_first = False
            self._keep = max(self._least_limit, round(rate * self._target))
            if not was_overloaded:
                # Those that came first would be answered late by now, and be in the way of all others.
                while len(self._queue) > self._keep:
                    _give_up(self._queue.popleft()[0])

    def _refuse(self) -> None:
        self.refused += 1
        raise Overloaded(_TOO_MANY)

    def _forget(self, place: _Place) -> None:
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


_TOO_MANY = "More requests came than can be answered soon; try again."


def _is_beyond_chance(came: int, let_in: int) -> bool:
    """Whether the two differ by more than four times what chance alone would make them differ by (Poisson)."""
    return (came - let_in) ** 2 > 16 * (came + let_in)


def _give_up(place: asyncio.Future[None]) -> None:
    if not place.done():
        place.set_exception(Overloaded(_TOO_MANY))
