"""Calls a service over HTTP: pooled keep-alive connections, streaming both ways, one repeat where that is safe.

Safe means that the service has surely not done the request (no connection came about), or that doing it twice is
the same as once: reads, and calls with an `Idempotency-Key` where the service keeps such keys. What has a body that
came in parts is never repeated, since it is not kept. What closes a connection in order loses no request at all:
see `libs.common.http.connections`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
from multidict import CIMultiDict
from yarl import URL

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
from libs.common.http.middleware import Receive

# Most answers are here sooner than this; watching for a client that leaves costs a task.
_WATCH_AFTER_SECONDS = 0.05


class HttpUpstreams:
    """The connections to all services that run elsewhere, and a watch over each."""

    def __init__(self, settings: GatewaySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._watches: dict[str, Watch] = {}

    async def start(self) -> None:
        """Open the pool."""
        settings = self._settings
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0,
                limit_per_host=settings.upstream_connections,
                keepalive_timeout=settings.upstream_keepalive_seconds,
                ttl_dns_cache=10,
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=settings.connect_seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            max_field_size=65_536,
        )
        # The client library would also repeat PUT and DELETE; what is repeated here is decided here.
        self._session._retry_connection = False

    async def stop(self) -> None:
        """Close the pool."""
        for watch in self._watches.values():
            watch.stop()
        if self._session is not None:
            await self._session.close()
            self._session = None

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
        query = exchange.query.decode("latin-1")
        url = URL(base.rstrip("/") + path + (f"?{query}" if query else ""), encoded=True)
        try:
            with _Watch(exchange.receive, body, deadline):
                data = None if body.is_empty else await _data(body)
                request = _Request(exchange, url, headers, data, is_keyed=is_keyed)
                response = await self._answer(watch, request, body, deadline)
                await _pass_on(response, relay)
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

    async def _answer(
        self, watch: Watch, request: "_Request", body: Body, deadline: Deadline
    ) -> aiohttp.ClientResponse:
        """The head of the answer, waited for in a place of the gate; a body that comes in parts holds none."""
        if request.is_kept:
            await watch.gate.enter()
        try:
            watch.admit()
            watch.sent(deadline, is_repeatable=request.is_repeatable)
            sent = asyncio.get_running_loop().time()
            try:
                response = await self._head(request)
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
            if request.is_kept and response.status < 500:
                seconds = asyncio.get_running_loop().time() - sent
                watch.gate.measure(kind_of(request.method, request.url.raw_path), seconds)
        finally:
            if request.is_kept:
                watch.gate.leave()
        watch.answered()
        return response

    async def _is_alive(self, base: str, seconds: float) -> bool:
        assert self._session is not None, "the gateway was not started"
        try:
            async with asyncio.timeout(seconds):
                async with self._session.get(base.rstrip("/") + "/healthz"):
                    # Whatever it says, it speaks.
                    return True
        except (aiohttp.ClientError, OSError):
            return False

    async def _head(self, request: "_Request") -> aiohttp.ClientResponse:
        assert self._session is not None, "the gateway was not started"
        for is_last in (False, True):
            try:
                return await self._session.request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    data=request.data,
                    allow_redirects=False,
                )
            except aiohttp.ClientConnectorError as error:
                # Nothing was sent.
                if is_last or not request.is_kept:
                    raise _NotReached from error
            except (aiohttp.ClientConnectionError, OSError) as error:
                if is_last or not request.is_repeatable or isinstance(error, TimeoutError):
                    raise _NotReached from error
            except aiohttp.ClientError as error:
                raise _NotReached from error
        raise AssertionError("unreachable")


class _Request:
    """A request as it is sent.

    Attributes:
        is_kept: whether its body is here as a whole, or there is none.
        is_repeatable: whether it may be sent again whatever became of it.
    """

    def __init__(
        self,
        exchange: Exchange,
        url: URL,
        headers: RawHeaders,
        data: bytes | AsyncIterator[bytes] | None,
        *,
        is_keyed: bool,
    ) -> None:
        # Services answer GET; the body is left away for HEAD on the way out.
        self.method = "GET" if exchange.method == "HEAD" else exchange.method
        self.url = url
        self.headers = CIMultiDict((name.decode("latin-1"), _text(value)) for name, value in headers)
        self.data = data
        self.is_kept = data is None or isinstance(data, bytes)
        self.is_repeatable = self.is_kept and (self.method == "GET" or is_keyed)


class _NotReached(Exception):
    """No answer began."""


async def _pass_on(response: aiohttp.ClientResponse, relay: Relay) -> None:
    content = response.content
    try:
        await relay.start(response.status, list(response.raw_headers))
        # What has arrived goes out at once; nothing waits for a chunk to fill.
        while True:
            chunk = await content.readany()
            if content.at_eof():
                await relay.part(chunk, False)
                return
            await relay.part(chunk, True)
    finally:
        # Closes the connection unless the answer was read to its end.
        response.close()


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


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


class _Watch:
    """Ends the exchange when the client leaves while a service is being waited for."""

    def __init__(self, receive: Receive, body: Body, deadline: Deadline) -> None:
        self._receive = receive
        self._body = body
        self._deadline = deadline
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(_WATCH_AFTER_SECONDS, self._begin)

    def __enter__(self) -> None:
        return

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def _begin(self) -> None:
        if not (self._body.is_empty or self._body.is_complete):
            # The body is still being read, and reading it notices as well.
            self._timer = self._loop.call_later(_WATCH_AFTER_SECONDS, self._begin)
            return
        self._task = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        with contextlib.suppress(Exception):
            while (await self._receive())["type"] != "http.disconnect":
                pass
            self._deadline.client_left()
