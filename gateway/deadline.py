"""One clock over a whole exchange: body, answer, stream. Running out cancels the work in hand."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from types import TracebackType
from typing import Self

from gateway.errors import ClientGone, RequestTimeout
from gateway.settings import GatewaySettings
from libs.common.errors import Unavailable, UpstreamTimeout

log = logging.getLogger("pillars.gateway")

# Most answers are here sooner than this.
_SLOW_SECONDS = 0.05


class Phase(Enum):
    """What is being waited for."""

    BODY = auto()
    ANSWER = auto()
    STREAM = auto()
    GONE = auto()
    DONE = auto()
    STALLED = auto()


_FINAL = (Phase.GONE, Phase.DONE, Phase.STALLED)


class Deadline:
    """A context of one task; leaving it after time ran out raises what that meant in the phase it was in.

    Raises (on exit):
        RequestTimeout: the body came too slowly.
        UpstreamTimeout: the service did not answer, or fell silent within its answer.
        ClientGone: `client_left` was called.
        Unavailable: `upstream_stalls` was called, and repeating the request does no harm.
    """

    __slots__ = (
        "_body_end",
        "_cancelling",
        "_due",
        "_end",
        "_is_endless",
        "_is_expired",
        "_is_over",
        "_is_repeatable",
        "_loop",
        "_phase",
        "_settings",
        "_streams",
        "_task",
        "_timer",
        "_timer_at",
        "_when_slow",
    )

    def __init__(
        self,
        settings: GatewaySettings,
        streams: "set[Deadline]",
        looked_at: float,
        task: asyncio.Task[object],
    ) -> None:
        self._settings = settings
        # Where those are kept that end only when somebody ends them.
        self._streams = streams
        self._is_repeatable = self._is_endless = self._is_expired = self._is_over = False
        self._task = task
        self._loop = loop = task.get_loop()
        now = loop.time()
        self._end = now + settings.total_seconds
        self._phase = Phase.ANSWER
        self._body_end = 0.0
        self._due: float | None = min(now + settings.answer_seconds, self._end)
        self._when_slow: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = looked_at
        if self._due < looked_at:
            self._arm(self._due)

    def __enter__(self) -> Self:
        self._cancelling = self._task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._is_endless:
            self._streams.discard(self)
        # As `asyncio.timeout` does it: a cancellation of ours ends here, one of somebody else goes on.
        if self._is_expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            if self._phase is Phase.DONE:
                return True
            raise self._meaning() from None
        return False

    def when_slow(self, callback: Callable[[], None] | None) -> None:
        """Call this once if the exchange takes longer than most, or later again where it asks for that anew."""
        self._when_slow = callback

    @property
    def phase(self) -> Phase:
        """What is being waited for."""
        return self._phase

    def body_begins(self, seconds: float) -> None:
        """A body is coming; it must be here within `seconds`."""
        self._body_end = self._loop.time() + seconds
        self.body_moves()

    def body_moves(self) -> None:
        """A part of the body came; the next must follow soon."""
        self._set(Phase.BODY, min(self._body_end, self._when(self._settings.body_idle_seconds)))

    def body_ends(self) -> None:
        """The body is here in full; now the service is on."""
        if self._phase is Phase.BODY:
            self._set(Phase.ANSWER, self._when(self._settings.answer_seconds))

    def answer_moves(self) -> None:
        """A part of the answer came."""
        if not self._is_endless:
            self._set(Phase.STREAM, self._when(self._settings.read_seconds))

    def never(self) -> None:
        """An event stream: no limit from here on."""
        self._is_endless = True
        self._streams.add(self)
        self._set(Phase.STREAM, None)

    def client_left(self) -> None:
        """Nobody waits for the answer: cancel the work."""
        self._set(Phase.GONE, self._loop.time())

    def upstream_stalls(self, *, is_repeatable: bool) -> None:
        """The service shows no sign of life: cancel the work unless its answer has begun."""
        if self._phase is Phase.ANSWER:
            self._is_repeatable = is_repeatable
            self._set(Phase.STALLED, self._loop.time())

    def finish(self) -> None:
        """The answer ends whatever the service would still say (a stream at the stop): cancel it without error."""
        self._set(Phase.DONE, self._loop.time())

    def _set(self, phase: Phase, due: float | None) -> None:
        if self._phase in _FINAL or self._is_expired:
            return
        self._phase = phase
        self._due = due
        # A later time is only noted: moving the timer with every part of a body would cost more than the part.
        if due is not None and due < self._timer_at:
            self._arm(due)

    def _arm(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self.look)

    def look(self) -> None:
        """Is time up, or is it slow? Then look again when it may be."""
        if self._is_over or self._is_expired:
            return
        now = self._loop.time()
        if self._due is not None and self._due <= now:
            self._is_expired = True
            self._task.cancel()
            return
        callback, self._when_slow = self._when_slow, None
        try:
            if callback is not None:
                callback()
        finally:
            self._arm_next(now)

    def _arm_next(self, now: float) -> None:
        slow = now + _SLOW_SECONDS if self._when_slow is not None else None
        times = [when for when in (self._due, slow) if when is not None]
        if times:
            self._arm(min(times))
        else:
            # There is nothing to wait for until somebody sets a time.
            self._timer_at = float("inf")

    def _when(self, seconds: float) -> float:
        return min(self._loop.time() + seconds, self._end)

    def _meaning(self) -> Exception:
        if self._phase is Phase.GONE:
            return ClientGone()
        if self._phase is Phase.BODY:
            return RequestTimeout("The body did not arrive in time.")
        if self._phase is Phase.STALLED and self._is_repeatable:
            return Unavailable("The service does not answer now.")
        return UpstreamTimeout("The service did not answer in time.")


class Deadlines:
    """Begins deadlines, and looks at those that are not over after a while: most are, and a timer for each would cost
    more than all else a deadline does.

    Attributes:
        streams: those that end only when somebody ends them.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self.streams: set[Deadline] = set()
        self._begun: list[Deadline] = []
        self._look_at = 0.0

    def begin(self) -> Deadline:
        """The deadline of an exchange that begins now, in the running task."""
        task = asyncio.current_task()
        assert task is not None
        if not self._begun:
            loop = task.get_loop()
            self._look_at = loop.time() + _SLOW_SECONDS
            loop.call_at(self._look_at, self._look)
        deadline = Deadline(self._settings, self.streams, self._look_at, task)
        self._begun.append(deadline)
        return deadline

    def _look(self) -> None:
        begun, self._begun = self._begun, []
        for deadline in begun:
            try:
                deadline.look()
            except Exception:
                # What goes wrong with one exchange must take no other one's limit away.
                log.exception("a look at an exchange failed")
