"""What the gateway knows of one service elsewhere: how many requests wait there, and whether it shows signs of life.

A service that is gone refuses connections, which the circuit breaker counts. One that hangs (stopped, starved, its host
unreachable) takes connections and says nothing: where requests have waited for `stall_seconds` with no answer to any,
it is asked for its health. If it does not answer that either, those that wait are ended, new ones are refused at once,
and it is asked again until it answers.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic

from gateway.deadline import Deadline
from gateway.settings import GatewaySettings
from libs.common.clock import Clock
from libs.common.errors import Unavailable
from libs.common.http.breaker import CircuitBreaker
from libs.common.http.gate import Gate

log = logging.getLogger("pillars.gateway")

_AGAIN_SECONDS = 0.5

# Asks for the health of the service within so many seconds.
Probe = Callable[[float], Awaitable[bool]]


class Watch:
    """The breaker and the gate of one service, and a look at those that wait."""

    def __init__(self, service: str, settings: GatewaySettings, clock: Clock, probe: Probe) -> None:
        self._service = service
        self._clock = clock
        self._probe = probe
        self._stall_seconds = settings.stall_seconds
        self._probe_seconds = settings.stall_seconds * 2 / 3
        self._breaker = CircuitBreaker(settings.breaker_failures, settings.breaker_seconds)
        self.gate = Gate(settings.upstream_concurrency)
        self._waiting: dict[Deadline, bool] = {}
        self._last_sign = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self.is_stalled = False

    def check(self) -> None:
        """Refuse at once what has no chance.

        Raises:
            Unavailable: the service is away; `Overloaded` where too many wait for it already.
        """
        if self.is_stalled:
            raise Unavailable(f"{self._service} does not answer now.")
        if self._breaker.is_open and self._breaker.refuses(self._clock.now().timestamp()):
            raise self._unavailable()
        self.gate.knock()

    def admit(self) -> None:
        """Let a request go out, a trial one among them.

        Raises:
            Unavailable: the service is away.
        """
        if self.is_stalled:
            raise self._unavailable()
        if self._breaker.is_open and not self._breaker.allows(self._clock.now().timestamp()):
            raise self._unavailable()

    def sent(self, deadline: Deadline, *, is_repeatable: bool) -> None:
        """A request is on its way; `is_repeatable` where its caller may send it again whatever became of it."""
        if not self._waiting:
            self._last_sign = monotonic()
        self._waiting[deadline] = is_repeatable
        if self._timer is None:
            self._look_at(self._last_sign + self._stall_seconds)

    def ended(self, deadline: Deadline) -> None:
        """A request waits no more, whatever became of it."""
        self._waiting.pop(deadline, None)

    def answered(self) -> None:
        """An answer has begun."""
        self._last_sign = monotonic()
        self._breaker.succeeded()

    def failed(self) -> None:
        """A request got no answer."""
        self._breaker.failed(self._clock.now().timestamp())

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _unavailable(self) -> Unavailable:
        return Unavailable(
            f"{self._service} is not available now.", retry_after=max(1, round(self._breaker.cooldown))
        )

    def _look_at(self, when: float) -> None:
        if self._timer is not None:
            # Set by a request that was sent while the service was asked.
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(when - monotonic(), self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._waiting or self.is_stalled:
            return
        due = self._last_sign + self._stall_seconds
        if due > monotonic():
            self._look_at(due)
        elif self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._ask())

    async def _ask(self) -> None:
        try:
            seen = self._last_sign
            if not await self._probe(self._probe_seconds) and self._last_sign == seen:
                await self._stalled()
            self._last_sign = monotonic()
        finally:
            self._looking = None
        if self._waiting:
            self._look_at(self._last_sign + self._stall_seconds)

    async def _stalled(self) -> None:
        log.warning("%s does not answer; %d requests are given up", self._service, len(self._waiting))
        self.is_stalled = True
        try:
            for deadline, is_repeatable in list(self._waiting.items()):
                deadline.upstream_stalls(is_repeatable=is_repeatable)
            while not await self._probe(self._probe_seconds):  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            self.is_stalled = False
        log.warning("%s answers again", self._service)
        self._breaker.succeeded()
