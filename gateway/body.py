"""The request body on its way in: counted, timed, never held in memory."""

from gateway.deadline import Deadline
from gateway.errors import ClientGone
from gateway.exchange import Exchange
from libs.common.errors import BadRequest, PayloadTooLarge
from libs.common.http.middleware import Message


class Body:
    """The `receive` that services get.

    A service may well catch what is raised in here (frameworks make 400 of it), so the reason is kept in `failure`
    and goes before whatever the service answers.
    """

    def __init__(self, exchange: Exchange, deadline: Deadline, *, limit: int, seconds: float) -> None:
        self._receive = exchange.receive
        self._deadline = deadline
        self._limit = limit
        self._seen = 0
        self.failure: Exception | None = None
        length = exchange.headers.get(b"content-length")
        if length is not None:
            if not length.isdigit():
                raise BadRequest("Content-Length is not a number.")
            if int(length) > limit:
                raise self._too_large()
        self.is_empty = length in (None, b"0") and b"transfer-encoding" not in exchange.headers
        self.is_complete = False
        self.has_length = length is not None
        if not self.is_empty:
            deadline.body_begins(seconds)

    async def __call__(self) -> Message:
        """The next ASGI request message."""
        message = await self._receive()
        if self.is_complete or message["type"] != "http.request":
            if message["type"] == "http.disconnect" and not self.is_complete:
                self.failure = ClientGone()
            return message
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            self.failure = self._too_large()
            raise self.failure
        if message.get("more_body", False):
            self._deadline.body_moves()
        else:
            self.is_complete = True
            self._deadline.body_ends()
        return message

    def _too_large(self) -> PayloadTooLarge:
        return PayloadTooLarge(f"The body is larger than {self._limit} bytes.", limit_bytes=self._limit)
