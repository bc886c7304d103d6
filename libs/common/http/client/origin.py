"""A server as its callers see it: requests go over connections that are kept, and made where none is free."""

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from urllib.parse import urlsplit

from libs.common.http.client.addresses import Resolve, addresses
from libs.common.http.client.answer import Answer
from libs.common.http.client.connection import Connection, Content
from libs.common.http.client.errors import NotConnected

RawHeaders = Sequence[tuple[bytes, bytes]]

_WITHOUT_BODY = (b"GET", b"HEAD", b"OPTIONS", b"TRACE")


class Origin:
    """One server: up to `connections` at once, used again until they were idle for `idle_seconds`.

    A name may have several addresses, as that of a service in several processes: connections are spread over them, and
    end at `life_seconds`, so that an address that is new gets its share under a steady load too.

    `connect_seconds` bound how long a request waits for its connection, be it a free one or a new one. A connection
    whose other end has vanished, host and all, is lost after `vanished_seconds`; one that is merely slow is not.
    """

    def __init__(
        self,
        base: str,
        *,
        connections: int = 50,
        idle_seconds: float = 2.0,
        connect_seconds: float = 3.0,
        vanished_seconds: float = 4.0,
        life_seconds: float = 60.0,
        resolve: Resolve = addresses,
    ) -> None:
        self.vanished_seconds = vanished_seconds
        parts = urlsplit(base)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._prefix = parts.path.rstrip("/").encode("ascii")
        self._authority = parts.netloc.rpartition("@")[2].encode("ascii")
        self._most = connections
        self._idle_seconds = idle_seconds
        self._connect_seconds = connect_seconds
        self._life_seconds = life_seconds
        self._resolve = resolve
        # The one used last is used first, so that those too many become idle.
        self._idle: list[Connection] = []
        self._members: set[Connection] = set()
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
        lines += [b": ".join(header) for header in headers]
        if (content is not None or method not in _WITHOUT_BODY) and b"content-length" not in dict(headers):
            if isinstance(content, bytes):
                lines.append(b"content-length: %d" % len(content))
            elif content is not None:
                lines.append(b"transfer-encoding: chunked")
            else:
                lines.append(b"content-length: 0")
        lines.append(b"\r\n")
        head = b"\r\n".join(lines)
        # One that ends a line within would begin a header, or another request.
        breaks = len(lines) + 1
        if head.count(b"\n") != breaks or head.count(b"\r") != breaks or b"\0" in head:
            raise ValueError("a control byte in the head of a request")
        return head

    def _kept(self) -> Connection | None:
        if not self._idle:
            return None
        before = monotonic() - self._idle_seconds
        while self._idle:
            connection = self._idle.pop()
            if connection.idle_since > before and not connection.is_closing:
                return connection
            connection.abort()
        return None

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self._connect_seconds):
                while self._count >= self._most:
                    await self._turn()
                    if (kept := self._kept()) is not None:
                        return kept
                self._count += 1
                made = Connection(self)
                try:
                    await self._reach(made)
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

    async def _reach(self, made: Connection) -> None:
        found = await self._resolve(self._host, self._port)
        name = self._host if self._tls else None
        for tried, address in enumerate(found, 1):
            try:
                # One that does not answer leaves time for the others.
                async with asyncio.timeout(self._connect_seconds / len(found)):
                    await asyncio.get_running_loop().create_connection(
                        lambda: made, address, self._port, ssl=self._tls, server_hostname=name
                    )
                    return
            except OSError:
                if tried == len(found) or made in self._members:
                    raise

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

    def join(self, connection: Connection) -> None:
        """It has come about."""
        self._members.add(connection)

    def keep(self, connection: Connection) -> None:
        """It is free again."""
        connection.idle_since = monotonic()
        if connection.idle_since - connection.made_at > self._life_seconds:
            connection.abort()
            return
        self._idle.append(connection)
        if self._waiting:
            self._next()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._sweep)

    def lose(self, connection: Connection) -> None:
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
        before = monotonic() - self._idle_seconds
        # Those idle for longest lie at the front.
        while self._idle and self._idle[0].idle_since <= before:
            self._idle.pop(0).abort()
        self._timer = None
        if self._idle:
            later = self._idle[0].idle_since - before
            self._timer = asyncio.get_running_loop().call_later(later, self._sweep)
