"""Sends the answer: adds the gateway's headers, compresses, leaves the body away for HEAD."""

import asyncio
import zlib
from collections.abc import Callable

from gateway.exchange import Exchange
from gateway.headers import RawHeaders
from gateway.security import SecurityHeaders
from libs.common.http.middleware import Message

_COMPRESSIBLE = (
    b"text/",
    b"application/json",
    b"application/problem+json",
    b"application/javascript",
    b"application/xml",
    b"application/x-ndjson",
    b"image/svg+xml",
)
_EMPTY = (204, 205)
_NO_BODY = (*_EMPTY, 304)
# Above this, compressing would hold up the other requests of the process for milliseconds.
_INLINE_BYTES = 131_072


class Writer:
    """What every answer goes through; its first part decides on compression.

    `gzip_level` 0 leaves the body as it is.

    Attributes:
        before_success: called before anything leaves of an answer that is no error.
    """

    def __init__(
        self, exchange: Exchange, security: SecurityHeaders, *, gzip_min_bytes: int, gzip_level: int
    ) -> None:
        self._exchange = exchange
        self._security = security
        self._min_bytes = gzip_min_bytes
        self._level = gzip_level
        self._held: Message | None = None
        self._zip: zlib._Compress | None = None
        self._is_head = exchange.method == "HEAD"
        self.before_success: Callable[[], object] | None = None

    def abandon(self) -> bool:
        """Forget a head that has not left yet; whether another answer can still be given."""
        if self._held is not None:
            self._held = None
            self._exchange.status = 0
        return self._exchange.status == 0

    async def start(self, status: int, headers: RawHeaders) -> None:
        """The head of the answer."""
        exchange = self._exchange
        exchange.status = status
        if self.before_success is not None and status < 400:
            self.before_success()
        if status in _EMPTY:
            # The framework names one all the same, and clients that go by it look for JSON in nothing.
            headers = [h for h in headers if h[0] != b"content-type"]
        headers = [
            *headers,
            *exchange.response_headers,
            (b"x-request-id", exchange.request_id.encode()),
        ]
        present = dict(headers)
        self._security.complete(headers, present)
        message: Message = {"type": "http.response.start", "status": status, "headers": headers}
        if self._is_head or status in _NO_BODY or status == 206 or not self._may_compress(headers, present):
            await exchange.send(message)
        else:
            # Whether it is long enough shows with the first part of the body.
            self._held = message

    async def part(self, body: bytes, more: bool) -> None:
        """A part of its body, the last one where no `more` follow."""
        exchange = self._exchange
        if self._held is not None:
            if len(body) >= self._min_bytes or more:
                self._begin_gzip(self._held["headers"])
            await exchange.send(self._held)
            self._held = None
        if self._is_head:
            body = b""
        elif self._zip is not None:
            body = await self._compress(body, more)
        if more and not body:
            return
        exchange.is_complete = not more
        await exchange.send({"type": "http.response.body", "body": body, "more_body": more})

    def _may_compress(self, headers: RawHeaders, present: dict[bytes, bytes]) -> bool:
        if not self._level:
            return False
        length = present.get(b"content-length", b"")
        kind = present.get(b"content-type", b"")
        if (
            b"content-encoding" in present
            or b"no-transform" in present.get(b"cache-control", b"")
            or (length.isdigit() and int(length) < self._min_bytes)
            # An event stream is text too, but each event must leave at once.
            or not kind.startswith(_COMPRESSIBLE)
            or kind.startswith(b"text/event-stream")
        ):
            return False
        headers.append((b"vary", b"accept-encoding"))
        accepted = self._exchange.headers.get(b"accept-encoding")
        return accepted is not None and _accepts_gzip(accepted)

    def _begin_gzip(self, headers: RawHeaders) -> None:
        # The ETag stays as it is: it is a version number that clients send back in If-Match.
        headers[:] = [h for h in headers if h[0] not in (b"content-length", b"accept-ranges")]
        headers.append((b"content-encoding", b"gzip"))
        self._zip = zlib.compressobj(self._level, zlib.DEFLATED, 31)

    async def _compress(self, body: bytes, more: bool) -> bytes:
        assert self._zip is not None
        compressor, mode = self._zip, zlib.Z_SYNC_FLUSH if more else zlib.Z_FINISH

        def run() -> bytes:
            return compressor.compress(body) + compressor.flush(mode)

        if not body and more:
            return b""
        return run() if len(body) <= _INLINE_BYTES else await asyncio.to_thread(run)


def _accepts_gzip(accepted: bytes) -> bool:
    for part in accepted.lower().split(b","):
        name, _, quality = part.strip().partition(b";")
        if name.strip() in (b"gzip", b"*"):
            return quality.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False
