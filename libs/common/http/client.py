"""An HTTP/1.1 client for calls between our own processes: kept connections, bytes as they come, and nothing else.

It knows no redirects, cookies, proxies or compression, and repeats nothing: what may be repeated, its callers know. A
general client spends more on a request than the gateway does on everything else. An answer that does not end where
its head says, or is followed by anything, costs the connection.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

import httptools

RawHeaders = Sequence[tuple[bytes, bytes]]
Content = bytes | AsyncIterator[bytes] | None

_HEAD_BYTES = 131_072
# So much of an answer is kept for a reader who is slow; beyond it the server waits.
_HIGH_WATER = 262_144
_WITHOUT_BODY = (b"GET", b"HEAD", b"OPTIONS", b"TRACE")


class NotConnected(ConnectionError):
    """No connection came about: nothing was sent."""


class Disconnected(ConnectionError):
    """The connection ended before an answer began: whether the request was done is not known."""


class BadAnswer(Exception):
    """What came is no HTTP answer to the request."""


class CutShort(Exception):
    """The answer did not come to its end."""


class Answer:
    """An answer whose head is here. Read `part`s until there is no more, or `close`.

    Attributes:
        headers: with names as they came.
    """

    __slots__ = ("_connection", "_error", "_is_complete", "_parts", "_size", "_waiter", "headers", "status")

    def __init__(self, connection: "_Connection", status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status = status
        self.headers = headers
        self._connection: _Connection | None = connection
        self._parts: list[bytes] = []
        self._size = 0
        self._is_complete = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def part(self) -> tuple[bytes, bool]:
        """What has arrived of the body, and whether more follows; waits until there is something to tell.

        Raises:
            CutShort: there will be no end.
        """
        while not self._parts and not self._is_complete:
            if self._error is not None:
                raise self._error
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        parts, self._parts, self._size = self._parts, [], 0
        if self._connection is not None:
            self._connection.resume()
        return parts[0] if len(parts) == 1 else b"".join(parts), not self._is_complete

    async def read(self) -> bytes:
        """The whole body.

        Raises:
            CutShort: there will be no end.
        """
        found = []
        more = True
        while more:
            part, more = await self.part()
            found.append(part)
        return b"".join(found)

    def close(self) -> None:
        """Read no more of it, which costs the connection where it has not ended."""
        if self._connection is not None and not self._is_complete:
            self._connection.abort()

    def take(self, part: bytes) -> bool:
        """A part came; whether that is as much as is kept."""
        self._parts.append(part)
        self._size += len(part)
        self._wake()
        return self._size > _HIGH_WATER

    def end(self, error: Exception | None = None) -> None:
        """It is here in full, or will never be."""
        self._error = error
        self._is_complete = error is None
        self._connection = None
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Origin:
    """One server: up to `connections` at once, used again until they were idle for `idle_seconds`.

    `connect_seconds` bound how long a request waits for its connection, be it a free one or a new one.
    """

    def __init__(
        self, base: str, *, connections: int = 50, idle_seconds: float = 2.0, connect_seconds: float = 3.0
    ) -> None:
        parts = urlsplit(base)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/").encode("ascii")
        self._authority = parts.netloc.rpartition("@")[2].encode("ascii")
        self._most = connections
        self._idle_seconds = idle_seconds
        self._connect_seconds = connect_seconds
        # The one used last is used first, so that those too many become idle.
        self._idle: list[_Connection] = []
        self._members: set[_Connection] = set()
        self._count = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def request(
        self, method: bytes, target: bytes, headers: RawHeaders, content: Content = None
    ) -> Answer:
        """Send a request, and return when the head of its answer is here.

        `target` is path and query, percent-encoded. `headers` are sent as they are, behind `Host`; a length is added
        to content that has none there.

        Raises:
            NotConnected: nothing was sent; `TimeoutError` is its cause where it took too long.
            Disconnected: no answer came.
            BadAnswer: it is no answer.
            ValueError: the request would not be one request.
        """
        head = self._head(method, target, headers, content)
        # Those who wait for a connection come first.
        connection = (None if self._waiting else self._kept()) or await self._connect()
        return await connection.send(head, content)

    def close(self) -> None:
        """End all connections."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for connection in list(self._members):
            connection.abort()

    def _head(self, method: bytes, target: bytes, headers: RawHeaders, content: Content) -> bytes:
        lines = [b"%b %b%b HTTP/1.1\r\nhost: %b" % (method, self._prefix, target, self._authority)]
        has_length = False
        for name, value in headers:
            lines.append(b"%b: %b" % (name, value))
            if name == b"content-length":
                has_length = True
        if not has_length:
            if isinstance(content, bytes):
                lines.append(b"content-length: %d" % len(content))
            elif content is not None:
                lines.append(b"transfer-encoding: chunked")
            elif method not in _WITHOUT_BODY:
                lines.append(b"content-length: 0")
        lines.append(b"\r\n")
        head = b"\r\n".join(lines)
        # One that ends a line within would begin a header, or another request.
        breaks = len(lines) + 1
        if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
            raise ValueError("a control byte in the head of a request")
        return head

    def _kept(self) -> "_Connection | None":
        if not self._idle:
            return None
        before = asyncio.get_running_loop().time() - self._idle_seconds
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > before and not connection.is_closing:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> "_Connection":
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_seconds):
                while self._count >= self._most:
                    await self._turn()
                    if (kept := self._kept()) is not None:
                        return kept
                self._count += 1
                made = _Connection(self)
                try:
                    await loop.create_connection(lambda: made, self._host, self._port, ssl=self._tls)
                except BaseException:
                    if made in self._members:
                        made.abort()
                    else:
                        self._left()
                    raise
        except OSError as error:  # a TimeoutError is one
            raise NotConnected(f"{self._host}:{self._port}: {type(error).__name__}") from error
        if made not in self._members:
            raise NotConnected(f"{self._host}:{self._port} closed the connection at once")
        return made

    async def _turn(self) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.cancelled():
                with suppress(ValueError):
                    self._waiting.remove(turn)
            else:
                # It was given in the same moment.
                self._next()
            raise

    def join(self, connection: "_Connection") -> None:
        """It has come about."""
        self._members.add(connection)

    def keep(self, connection: "_Connection") -> None:
        """It is free again."""
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        self._next()
        if self._timer is None:
            self._timer = loop.call_later(self._idle_seconds, self._sweep)

    def lose(self, connection: "_Connection") -> None:
        """It has ended."""
        if connection in self._members:
            self._members.remove(connection)
            with suppress(ValueError):
                self._idle.remove(connection)
            self._left()

    def _left(self) -> None:
        self._count -= 1
        self._next()

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        before = loop.time() - self._idle_seconds
        # Those idle for longest lie at the front.
        while self._idle and self._idle[0].idle_since <= before:
            self._idle.pop(0).abort()
        self._timer = None
        if self._idle:
            self._timer = loop.call_at(self._idle[0].idle_since + self._idle_seconds, self._sweep)


class _Connection(asyncio.Protocol):
    """One connection; it carries one request at a time."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0
        # Set from the moment a request is sent until the head of its answer is here.
        self._asked: asyncio.Future[Answer] | None = None
        self._answer: Answer | None = None
        self._sending: asyncio.Task[None] | None = None
        self._ends_with_connection = False
        self._is_done = self._is_broken = self._is_paused = self._can_be_kept = False
        self._writable: asyncio.Event | None = None
        self.idle_since = 0.0

    # What the origin asks of it.

    @property
    def is_closing(self) -> bool:
        """Whether it ends."""
        return self._transport.is_closing()

    async def send(self, head: bytes, content: Content) -> Answer:
        """See `Origin.request`."""
        asked = self._asked = asyncio.get_running_loop().create_future()
        self._head_bytes = 0
        self._is_done = False
        if content is None:
            self._transport.write(head)
        elif isinstance(content, bytes):
            self._transport.write(head + content)
        else:
            self._transport.write(head)
            parts = self._send_parts(content, is_chunked=b"\r\ntransfer-encoding: chunked\r\n" in head)
            self._sending = asyncio.create_task(parts)
        try:
            return await asked
        except BaseException:
            if asked.cancelled() or asked.exception() is not None:
                self.abort()
            else:
                # Its head came in the same moment; where all of it did, others may have the connection by now.
                asked.result().close()
            raise

    def abort(self) -> None:
        """End it at once."""
        if self._sending is not None:
            self._sending.cancel()
        self._transport.abort()
        self._origin.lose(self)
        self._fail(Disconnected("the connection was ended here"))

    def resume(self) -> None:
        """There is room for more of the answer."""
        if self._is_paused:
            self._is_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    # What the event loop tells it.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._origin.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._origin.lose(self)
        if self._writable is not None:
            self._writable.set()
        if self._sending is not None:
            self._sending.cancel()
        if self._answer is not None and self._ends_with_connection and exc is None:
            self._answer.end()
            self._answer = None
        self._fail(Disconnected("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        if self._asked is None and self._answer is None:
            # Nobody asked for anything.
            self.abort()
            return
        if self._asked is not None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._broken(f"no answer: {type(error).__name__}")
            return
        if self._is_done:
            self._done()
        elif self._is_broken or (self._asked is not None and self._head_bytes > _HEAD_BYTES):
            self._broken("a head that does not end, or nobody waits for")

    def pause_writing(self) -> None:
        self._writable = asyncio.Event()

    def resume_writing(self) -> None:
        if self._writable is not None:
            self._writable.set()
            self._writable = None

    # What the parser tells it.

    def on_message_begin(self) -> None:
        # Behind an answer that is whole, whatever comes is none.
        self._is_broken = self._is_done
        self._headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        # Behind the head they are trailers, which nobody waits for.
        if self._asked is not None:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200 or self._asked is None:
            return
        self._ends_with_connection = status not in (204, 304) and not any(
            name.lower() in (b"content-length", b"transfer-encoding") for name, _ in self._headers
        )
        self._answer = Answer(self, status, self._headers)
        asked, self._asked = self._asked, None
        if asked.done():
            # Whoever asked has left, and will end the connection.
            self._is_broken = True
        else:
            asked.set_result(self._answer)

    def on_body(self, body: bytes) -> None:
        if self._is_done or self._answer is None:
            return
        if self._answer.take(body) and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        # What comes before an answer (100, 103) has neither body nor end.
        if self._is_done:
            return
        self._is_done = self._answer is not None
        self._can_be_kept = self._parser.should_keep_alive()  # the parser forgets it behind the message

    # Its own.

    def _done(self) -> None:
        answer, self._answer = self._answer, None
        self.resume()
        can_be_kept = (
            self._can_be_kept
            and not self._is_broken
            and (self._sending is None or self._sending.done())
            and not self._transport.is_closing()
        )
        self._sending = None if can_be_kept else self._sending
        if answer is not None:
            answer.end()
        if can_be_kept:
            self._origin.keep(self)
        else:
            self.abort()

    def _broken(self, why: str) -> None:
        self._fail(BadAnswer(why))
        self.abort()

    def _fail(self, error: Exception) -> None:
        asked, self._asked = self._asked, None
        if asked is not None and not asked.done():
            asked.set_exception(error)
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.end(CutShort(str(error)))

    async def _send_parts(self, parts: AsyncIterator[bytes], *, is_chunked: bool) -> None:
        try:
            async for part in parts:
                if not part:
                    continue
                self._transport.write(b"%x\r\n%b\r\n" % (len(part), part) if is_chunked else part)
                if self._writable is not None:
                    await self._writable.wait()
            if is_chunked:
                self._transport.write(b"0\r\n\r\n")
        except Exception as error:
            failed: Any = Disconnected("the content broke off")
            failed.__cause__ = error
            self._fail(failed)
            self.abort()
