"""One connection to a server, which carries one request at a time: what the loop and the parser tell it."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import httptools

from libs.common.http.client.answer import Answer
from libs.common.http.client.errors import BadAnswer, CutShort, Disconnected
from libs.common.http.client.vanished import SMALL_BYTES, bound_sending, probe

if TYPE_CHECKING:
    from libs.common.http.client.origin import Origin

Content = bytes | AsyncIterator[bytes] | None

_HEAD_BYTES = 131_072
_FRAMING = (b"content-length", b"transfer-encoding")
_WITHOUT_BODY = (204, 304)


class Connection(asyncio.Protocol):
    """One connection of an origin."""

    def __init__(self, origin: "Origin") -> None:
        self._origin = origin
        self._loop = asyncio.get_running_loop()
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
        # Whether what is sent must be acknowledged soon.
        self._is_bounded = False
        self._writable: asyncio.Event | None = None
        self.made_at = monotonic()
        self.idle_since = 0.0

    # What the origin asks of it.

    @property
    def is_closing(self) -> bool:
        """Whether it ends."""
        return self._transport.is_closing()

    async def send(self, head: bytes, content: Content) -> Answer:
        """See `Origin.request`."""
        asked = self._asked = self._loop.create_future()
        self._head_bytes = 0
        self._is_done = False
        is_small = content is None or (isinstance(content, bytes) and len(content) <= SMALL_BYTES)
        if is_small is not self._is_bounded:
            self._is_bounded = is_small
            seconds = self._origin.vanished_seconds if is_small else 0
            bound_sending(self._transport.get_extra_info("socket"), seconds)
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
        probe(transport.get_extra_info("socket"), self._origin.vanished_seconds)
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
        # What keeps the connection says where it ends; the parser does not tell why another one closes it.
        self._ends_with_connection = (
            not self._parser.should_keep_alive()
            and status not in _WITHOUT_BODY
            and not any(name.lower() in _FRAMING for name, _ in self._headers)
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
