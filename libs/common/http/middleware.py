"""One pure ASGI layer around every service: request id, trace, metrics, log line, last-resort error."""

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Histogram

from libs.common.ids import new_id
from libs.common.logging import bind, clear
from libs.common.telemetry import span

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("pillars.requests")

REQUESTS = Counter(
    "pillars_http_requests_total", "Requests answered", ["service", "method", "route", "status"]
)
SECONDS = Histogram(
    "pillars_http_request_seconds",
    "Time to answer",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestLayer:
    """Wraps an app. Every response bears the request's `X-Request-Id`."""

    def __init__(self, app: App, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["path"] in QUIET:
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = headers.get(b"x-request-id", b"").decode("latin-1")[:128] or str(new_id())
        if b"x-request-id" not in headers:
            scope["headers"] = [*scope["headers"], (b"x-request-id", request_id.encode())]
        clear()
        bind(request_id=request_id, service=self.service)
        started = time.perf_counter()
        status, is_answered = 500, False

        async def send_with_id(message: Message) -> None:
            nonlocal status, is_answered
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            elif message["type"] == "http.response.body":
                is_answered = not message.get("more_body", False)
            await send(message)

        method = scope["method"]
        traceparent = headers.get(b"traceparent", b"").decode("latin-1") or None
        with span(f"{method} {self.service}", kind=SpanKind.SERVER, traceparent=traceparent) as current:
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                # Of what was logged and answered the server need not hear: it would close the connection, on which the
                # gateway may be sending somebody else's request by now.
                if not is_answered:
                    raise
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                elapsed = time.perf_counter() - started
                current.update_name(f"{method} {route}")
                current.set_attribute("http.response.status_code", status)
                REQUESTS.labels(self.service, method, route, status).inc()
                SECONDS.labels(self.service, method, route).observe(elapsed)
                log.log(
                    logging.WARNING if status >= 500 else logging.DEBUG,
                    "%s %s %s",
                    method,
                    route,
                    status,
                    extra={
                        "method": method,
                        "route": route,
                        "status": status,
                        "ms": round(elapsed * 1000, 1),
                    },
                )
