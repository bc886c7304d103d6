"""One clock over a whole exchange: body, answer, stream. Running out cancels the work in hand."""

import asyncio
from enum import Enum, auto
from types import TracebackType
from typing import Self

from gateway.errors import ClientGone, RequestTimeout
from gateway.settings import GatewaySettings
from libs.common.errors import Unavailable, UpstreamTimeout


class Phase(Enum):
    """What is being waited for."""

    BODY = auto()
    ANSWER = auto()
    STREAM = auto()
    GONE = auto()
    DONE = auto()
    STALLED = auto()


class Deadline:
    """An async context; leaving it after time ran out raises what that meant in the phase it was in.

    Raises (on exit):
        RequestTimeout: the body came too slowly.
        UpstreamTimeout: the service did not answer, or fell silent within its answer.
        ClientGone: `client_left` was called.
        Unavailable: `upstream_stalls` was called, and repeating the request does no harm.
    """

    def __init__(self, settings: GatewaySettings, streams: "set[Deadline] | None" = None) -> None:
        self._settings = settings
        # Where those are kept that end only when somebody ends them.
        self._streams = streams
        self._is_repeatable = False
        self._loop = asyncio.get_running_loop()
        self._is_endless = False
        self._end = self._loop.time() + settings.total_seconds
        self._phase = Phase.ANSWER
        self._body_end = 0.0
        # Does the cancelling; told to when our own timer finds that time is up.
        self._timeout = asyncio.timeout(None)
        self._due: float | None = self._when(settings.answer_seconds)
        self._timer = self._loop.call_at(self._due, self._check)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._timer.cancel()
        if self._streams is not None:
            self._streams.discard(self)
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._phase is Phase.DONE:
                return True
            raise self._meaning() from None
        return False

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
        if self._streams is not None:
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
        if self._phase in (Phase.GONE, Phase.DONE, Phase.STALLED) or self._timeout.expired():
            return
        self._phase = phase
        self._due = due
        # A later time is only noted: moving the timer with every part of a body would cost more than the part.
        if due is not None and due < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(due, self._check)

    def _check(self) -> None:
        if self._due is None:
            return
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._check)
        else:
            self._timeout.reschedule(self._loop.time())

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
