"""An HTTP/1.1 client as thin as can be, so that the load generator takes little of the machine."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httptools
import orjson


class Refused(Exception):
    """An answer with another status than the one wanted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and the body of an answer."""

    status: int
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


class Connection(asyncio.Protocol):
    """One keep-alive connection with one request in flight; it connects again where the server closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = f"Host: {self.host}:{self.port}\r\n".encode()
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._parts: list[bytes] = []

    async def request(
        self, method: str, path: str, headers: bytes = b"", body: Any = None, *, expect: int | None = None
    ) -> Answer:
        """Send a request and return the answer; `headers` are ready lines, each ending in CRLF.

        Raises:
            Refused: the status is not the one expected.
            ConnectionError: the server closed the connection before the answer.
        """
        if self._transport is None or self._transport.is_closing():
            await asyncio.get_running_loop().create_connection(lambda: self, self.host, self.port)
        assert self._transport is not None
        content = b"" if body is None else orjson.dumps(body)
        length = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(content)
        head = b"%b %b HTTP/1.1\r\n" % (method.encode(), path.encode())
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(
            head + self._head + headers + (length if body is not None else b"") + b"\r\n" + content
        )
        answer = await self._waiter
        if expect is not None and answer.status != expect:
            raise Refused(f"{method} {path}: {answer.status} {answer.body[:300]!r}")
        return answer

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._parser = httptools.HttpResponseParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionResetError("the server closed the connection"))

    def on_message_begin(self) -> None:
        self._parts = []

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Answer(self._parser.get_status_code(), b"".join(self._parts)))
