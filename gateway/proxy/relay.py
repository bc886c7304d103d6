"""What comes back from a service on its way to the client, the same for both ways of reaching one."""

from gateway.body import Body
from gateway.deadline import Deadline
from gateway.exchange import Exchange
from gateway.headers import RawHeaders, answered
from gateway.writer import Writer
from libs.common.http.middleware import Message


class Relay:
    """The `send` of one upstream answer: cleans its headers, keeps the deadline, drops it when the body failed."""

    def __init__(self, exchange: Exchange, body: Body, deadline: Deadline, writer: Writer) -> None:
        self._exchange = exchange
        self._body = body
        self._deadline = deadline
        self._writer = writer

    async def start(self, status: int, headers: RawHeaders) -> None:
        """The head of the answer."""
        if self._body.failure is not None:
            return
        kept = answered(headers)
        is_stream = dict(kept).get(b"content-type", b"").startswith(b"text/event-stream")
        if is_stream:
            self._deadline.never()
        else:
            self._deadline.answer_moves()
        await self._writer.start(status, kept)
        if is_stream and self._exchange.method == "HEAD":
            await self._writer.part(b"", False)
            self._deadline.finish()

    async def part(self, body: bytes, more: bool) -> None:
        """A part of the answer's body."""
        if self._body.failure is not None or self._exchange.is_complete:
            return
        await self._writer.part(body, more)
        if more:
            self._deadline.answer_moves()

    async def __call__(self, message: Message) -> None:
        """Take an ASGI message of an app."""
        if message["type"] == "http.response.start":
            await self.start(message["status"], list(message.get("headers", ())))
        elif message["type"] == "http.response.body":
            await self.part(message.get("body", b""), message.get("more_body", False))
