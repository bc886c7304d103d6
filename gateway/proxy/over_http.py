"""Calls a service over HTTP: pooled keep-alive connections, streaming both ways, one repeat where that is safe.

Safe means that the service has surely not done the request (no connection came about), or that doing it twice is
the same as once: reads, and calls with an `Idempotency-Key` where the service keeps such keys. What has a body that
came in parts is never repeated, since it is not kept. What closes a connection in order loses no request at all:
see `libs.common.http.connections`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic

from gateway.body import Body
from gateway.deadline import Deadline, Phase
from gateway.errors import ClientGone
from gateway.exchange import Exchange
from gateway.headers import RawHeaders
from gateway.proxy.relay import Relay
from gateway.proxy.watch import Watch
from gateway.settings import GatewaySettings
from libs.common.clock import Clock
from libs.common.errors import Unavailable
from libs.common.http.admission import kind_of
from libs.common.http.client.answer import Answer
from libs.common.http.client.connection import Content
from libs.common.http.client.errors import BadAnswer, Disconnected, NotConnected
from libs.common.http.client.origin import Origin
from libs.common.http.middleware import Receive


class HttpUpstreams:
    """The connections to all services that run elsewhere, and a watch over each."""

    def __init__(self, settings: GatewaySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._origins: dict[str, Origin] = {}
        self._watches: dict[str, Watch] = {}

    async def stop(self) -> None:
        """Close all connections."""
        for watch in self._watches.values():
            watch.stop()
        for origin in self._origins.values():
            origin.close()
        self._origins.clear()

    async def call(
        self,
        service: str,
        base: str,
        exchange: Exchange,
        path: str,
        headers: RawHeaders,
        body: Body,
        relay: Relay,
        deadline: Deadline,
        *,
        is_keyed: bool = False,
    ) -> None:
        """Let a service at `base` answer. `is_keyed`: the service does it once however often it comes.

        Raises:
            Unavailable: it cannot be reached, or could not just now.
        """
        watch = self.watch(service, base)
        try:
            with _ClientWatch(exchange.receive, body, deadline):
                data = None if body.is_empty else await _data(body)
                request = _Request(exchange, path, headers, data, is_keyed=is_keyed)
                answer = await self._answer(watch, self._origin(base), request, body, deadline)
                await _pass_on(answer, relay)
        except _NotReached as error:
            if body.failure is not None:
                raise body.failure from None
            raise Unavailable(f"{service} is not available now.") from error

    def watch(self, service: str, base: str) -> Watch:
        """What is known of a service."""
        watch = self._watches.get(service)
        if watch is None:

            async def probe(seconds: float) -> bool:
                return await self._is_alive(base, seconds)

            watch = self._watches[service] = Watch(service, self._settings, self._clock, probe)
        return watch

    def _origin(self, base: str) -> Origin:
        origin = self._origins.get(base)
        if origin is None:
            settings = self._settings
            origin = self._origins[base] = Origin(
                base,
                connections=settings.upstream_connections,
                idle_seconds=settings.upstream_keepalive_seconds,
                connect_seconds=settings.connect_seconds,
            )
        return origin

    async def _answer(
        self, watch: Watch, origin: Origin, request: "_Request", body: Body, deadline: Deadline
    ) -> Answer:
        """The head of the answer, waited for in a place of the gate; a body that comes in parts holds none."""
        if request.is_kept:
            await watch.gate.enter()
        try:
            watch.admit()
            watch.sent(deadline, is_repeatable=request.is_repeatable)
            sent = monotonic()
            try:
                answer = await _head(origin, request)
            except asyncio.CancelledError:
                if deadline.phase in (Phase.ANSWER, Phase.STALLED):
                    watch.failed()
                raise
            except _NotReached:
                # A client that broke off its body says nothing of the service.
                if body.failure is None:
                    watch.failed()
                raise
            finally:
                watch.ended(deadline)
            if request.is_kept and answer.status < 500:
                watch.gate.measure(kind_of(request.method, request.path), monotonic() - sent)
        finally:
            if request.is_kept:
                watch.gate.leave()
        watch.answered()
        return answer

    async def _is_alive(self, base: str, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                answer = await self._origin(base).request(b"GET", b"/healthz", ())
        except (OSError, BadAnswer):
            return False
        # Whatever it says, it speaks.
        answer.close()
        return True


class _Request:
    """A request as it is sent.

    Attributes:
        is_kept: whether its body is here as a whole, or there is none.
        is_repeatable: whether it may be sent again whatever became of it.
    """

    __slots__ = ("content", "headers", "is_kept", "is_repeatable", "method", "path", "target")

    def __init__(
        self, exchange: Exchange, path: str, headers: RawHeaders, content: Content, *, is_keyed: bool
    ) -> None:
        # Services answer GET; the body is left away for HEAD on the way out.
        self.method = "GET" if exchange.method == "HEAD" else exchange.method
        self.path = path
        query = exchange.query
        self.target = path.encode("ascii") + (b"?" + query if query else b"")
        self.headers = headers
        self.content = content
        self.is_kept = content is None or isinstance(content, bytes)
        self.is_repeatable = self.is_kept and (self.method == "GET" or is_keyed)


async def _head(origin: Origin, request: _Request) -> Answer:
    for is_last in (False, True):
        try:
            return await origin.request(
                request.method.encode("ascii"), request.target, request.headers, request.content
            )
        except NotConnected as error:
            if is_last or not request.is_kept or isinstance(error.__cause__, TimeoutError):
                raise _NotReached from error
        except Disconnected as error:
            if is_last or not request.is_repeatable:
                raise _NotReached from error
        except BadAnswer as error:
            raise _NotReached from error
    raise AssertionError("unreachable")


class _NotReached(Exception):
    """No answer began."""


async def _pass_on(answer: Answer, relay: Relay) -> None:
    try:
        await relay.start(answer.status, answer.headers)
        # What has arrived goes out at once; nothing waits for a chunk to fill.
        more = True
        while more:
            part, more = await answer.part()
            await relay.part(part, more)
    finally:
        answer.close()


async def _data(body: Body) -> bytes | AsyncIterator[bytes]:
    """A body that came in one part as it is, a longer one as a stream."""
    first = await body()
    if body.is_complete:
        return bytes(first["body"])
    if first["type"] == "http.disconnect":
        raise ClientGone
    return _parts(first["body"], body)


async def _parts(first: bytes, body: Body) -> AsyncIterator[bytes]:
    yield first
    while not body.is_complete:
        message = await body()
        if message["type"] == "http.disconnect":
            raise ClientGone
        yield message.get("body", b"")


class _ClientWatch:
    """Ends the exchange when the client leaves while a service is being waited for; begun only where that takes time,
    for watching costs a task.
    """

    __slots__ = ("_body", "_deadline", "_receive", "_task")

    def __init__(self, receive: Receive, body: Body, deadline: Deadline) -> None:
        self._receive = receive
        self._body = body
        self._deadline = deadline
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> None:
        self._deadline.when_slow(self._begin)

    def __exit__(self, *_: object) -> None:
        self._deadline.when_slow(None)
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        if self._body.is_empty or self._body.is_complete:
            self._task = asyncio.get_running_loop().create_task(self._watch())
        else:
            # The body is still being read, and reading it notices as well.
            self._deadline.when_slow(self._begin)

    async def _watch(self) -> None:
        with contextlib.suppress(Exception):
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self._deadline.client_left()
