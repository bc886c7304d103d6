"""One request's way through the application: the head of its answer waits for a body that follows, and both leave in one
write.

A write of its own would cost a tenth of a request at the edge, and wake whoever reads the answer twice.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from libs.common.http.middleware import App, Message, Receive, Scope, Send
from libs.common.http.response_head import begin


class Answering:
    """The application as the server library calls it for one request; bodies in parts are left to the library."""

    __slots__ = ("_app", "_cycle", "_head")

    def __init__(self, app: App, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._head: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, _: Send) -> None:
        """Let the application answer."""
        try:
            await self._app(scope, receive, self._send)
        finally:
            # Where it failed behind the head, whoever asked learns that an answer had begun.
            self._write_head()

    async def _send(self, message: Any) -> None:
        """The ASGI `send`.

        Raises:
            ValueError: a header would not be one header.
        """
        cycle = self._cycle
        if not cycle.response_started and message["type"] == "http.response.start":
            if cycle.flow.write_paused and not cycle.disconnected:
                await cycle.flow.drain()
            if not cycle.disconnected:
                self._head = begin(cycle, message["status"], message.get("headers", ()))
                # Without a length it may be a stream, which may have nothing to say yet.
                if not cycle.expected_content_length or cycle.scope["method"] == "HEAD":
                    self._write_head()
        elif self._head is not None and self._is_whole(message):
            self._write_whole(self._head, message["body"])
        else:
            self._write_head()
            await cycle.send(message)

    def _is_whole(self, message: Message) -> bool:
        """Whether a message is all of the body, and can be written as it is."""
        cycle = self._cycle
        return (
            message["type"] == "http.response.body"
            and not message.get("more_body", False)
            and len(message.get("body", b"")) == cycle.expected_content_length
            and not cycle.flow.write_paused
            and not cycle.disconnected
        )

    def _write_whole(self, head: bytes, body: bytes) -> None:
        # As the library does it with the last part of a body.
        self._head = None
        cycle = self._cycle
        cycle.transport.writelines((head, body))
        cycle.expected_content_length = 0
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def _write_head(self) -> None:
        head, self._head = self._head, None
        if head is not None and not self._cycle.disconnected:
            self._cycle.transport.write(head)
