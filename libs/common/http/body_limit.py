"""Refuses bodies beyond a size: at once where the length is announced, while reading where it is not."""

import orjson
from starlette.exceptions import HTTPException

from libs.common.errors import PayloadTooLarge
from libs.common.http.middleware import App, Message, Receive, Scope, Send
from libs.common.http.problems import MEDIA_TYPE, problem_body


class _TooLarge(HTTPException):
    """The framework answers it with a problem; what reads the body outside of the framework lets it through."""


class BodyLimit:
    """Wraps an app; `limit` in bytes."""

    def __init__(self, app: App, service: str, limit: int) -> None:
        self.app = app
        self.service = service
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self.limit:
            await self._refuse(scope, send)
            return
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.limit:
                raise _TooLarge(413)
            return message

        try:
            await self.app(scope, counted, send)
        except _TooLarge:
            # Raised while a layer below was reading, so no answer has begun.
            await self._refuse(scope, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        error = PayloadTooLarge(f"Send at most {self.limit} bytes.", limit_bytes=self.limit)
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"connection", b"close")]
        request_id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1") or None
        body = orjson.dumps(problem_body(self.service, error, instance=scope["path"], request_id=request_id))
        await send({"type": "http.response.start", "status": error.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
