"""What a service takes on: so many requests at once, each for so long; the rest is refused at once, with 503.

A request counts from the moment its body is here until its answer begins, so that slow clients and event streams hold
no place. Calls of other services (`/internal/…`) are part of requests that were let in elsewhere, and go before.
"""

import asyncio
from time import monotonic
from typing import Any

import orjson
from starlette.exceptions import HTTPException

from libs.common import metrics
from libs.common.errors import AppError, Overloaded, Unavailable
from libs.common.http.gate import Gate
from libs.common.http.middleware import QUIET, App, Message, Receive, Scope, Send
from libs.common.http.problems import MEDIA_TYPE, problem_body

_INTERNAL = "/internal/"


class _Refused(HTTPException):
    """Raised while the body is read: the framework lets it through, where it makes 400 of others."""

    def __init__(self, error: AppError) -> None:
        super().__init__(error.status)
        self.error = error


class Admission:
    """Wraps an app. `seconds` is how long a request may take until its answer begins."""

    def __init__(self, app: App, service: str, gate: Gate, seconds: float) -> None:
        self.app = app
        self.service = service
        self.gate = gate
        self.seconds = seconds
        metrics.requests_inside.labels(service).set_function(lambda: gate.inside)
        metrics.requests_limit.labels(service).set_function(lambda: gate.limit)
        metrics.requests_waiting.labels(service).set_function(lambda: gate.waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["path"] in QUIET:
            await self.app(scope, receive, send)
            return
        visit = _Visit(self, scope, receive, send)
        try:
            if not _has_body(scope):
                await visit.begin()
            await self.app(scope, visit.receive, visit.send)
        except _Refused as refused:
            await visit.answer(refused.error)
        except Overloaded as error:
            await visit.answer(error)
        except asyncio.CancelledError:
            if not visit.is_late:
                raise
            # Our own doing, once the answer had been given.
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
        finally:
            await visit.close()


class _Visit:
    """One request between its admission and its answer."""

    def __init__(self, admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
        self._admission = admission
        self._scope = scope
        self._receive = receive
        self._send = send
        self._is_inside = False
        self._has_begun = False
        self._began = 0.0
        self._is_answered = False
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.current_task()
        self._answering: asyncio.Task[None] | None = None
        self.is_late = False

    async def begin(self) -> None:
        """Take a place, and start the clock."""
        self._has_begun = True
        admission = self._admission
        if not self._scope["path"].startswith(_INTERNAL):
            await admission.gate.enter()
            self._is_inside = True
        self._began = monotonic()
        self._timer = asyncio.get_running_loop().call_later(admission.seconds, self._run_late)

    async def close(self) -> None:
        """The app is done; a late answer that is under way is finished."""
        self.end()
        self._task = None
        if self._answering is not None:
            await self._answering

    def end(self) -> None:
        """Give the place back and stop the clock."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._is_inside:
            self._is_inside = False
            self._admission.gate.leave()

    async def receive(self) -> Message:
        """The body; its last part is handed on with a place taken."""
        message = await self._receive()
        is_last = message["type"] == "http.request" and not message.get("more_body", False)
        if is_last and not self._has_begun:
            try:
                await self.begin()
            except Overloaded as error:
                raise _Refused(error) from None
        return message

    async def send(self, message: Message) -> None:
        """The answer, unless it comes too late."""
        if self.is_late:
            return
        if not self._is_answered:
            self._is_answered = True
            if self._is_inside and message.get("status", 500) < 500:
                # The loop's own time may be whole milliseconds, of which a quick answer takes none.
                seconds = monotonic() - self._began
                self._admission.gate.measure(kind_of(self._scope["method"], self._scope["path"]), seconds)
            self.end()
        await self._send(message)

    async def answer(self, error: AppError) -> None:
        """Answer with a problem."""
        if self._is_answered:
            return
        self._is_answered = True
        request_id = dict(self._scope["headers"]).get(b"x-request-id", b"").decode("latin-1") or None
        document = problem_body(
            self._admission.service, error, instance=self._scope["path"], request_id=request_id
        )
        headers = [(b"content-type", MEDIA_TYPE.encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
        body = orjson.dumps(document)
        headers.append((b"content-length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _run_late(self) -> None:
        # What hangs may take long to be cancelled (a database that does not answer takes 10 s); the caller must not.
        self.is_late = True
        self._timer = None
        self._answering = asyncio.get_running_loop().create_task(self._answer_late())

    async def _answer_late(self) -> None:
        try:
            await self.answer(Unavailable("It takes too long now; it may have been done, or not."))
        finally:
            if self._task is not None:
                self._task.cancel()


def kind_of(method: str, path: str) -> str:
    """What requests take about as long as each other, as far as the method and the first word of the path tell."""
    return f"{method} {path.split('/', 2)[1]}"


def _has_body(scope: Scope) -> bool:
    headers: Any = scope["headers"]
    return any(
        (name == b"content-length" and value != b"0") or name == b"transfer-encoding"
        for name, value in headers
    )
