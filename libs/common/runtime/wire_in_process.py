"""The way to a service that is an ASGI app in this process."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlencode

from libs.common.runtime.wires import Answer, NotReached


class InProcess:
    """A service that is an ASGI app here."""

    def __init__(self, name: str, app: Any) -> None:
        self._host = name
        self._app = app

    async def send(
        self,
        method: str,
        path: str,
        params: Any,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: float,
    ) -> Answer:
        """See `Wire`; an app in this process has no time limit but its own."""
        path, _, query = path.partition("?")
        if params:
            query = "&".join(filter(None, (query, urlencode(params, doseq=True))))
        sent = [(b"host", self._host.encode())]
        sent += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        if body is not None:
            sent.append((b"content-length", str(len(body)).encode()))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": sent,
            "client": ("127.0.0.1", 0),
            "server": (self._host, None),
        }
        exchange = _Exchange(body or b"")
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception:
            # As a server would; the app has said what went wrong where it keeps such things.
            if exchange.status is None:
                return Answer(500, b"")
        if not exchange.is_over.is_set():
            raise NotReached("the answer was cut short")
        assert exchange.status is not None
        return Answer(exchange.status, b"".join(exchange.pieces))

    async def close(self) -> None:
        """See `Wire`; there are none."""


class _Exchange:
    """One request to an app and what it answers."""

    def __init__(self, body: bytes) -> None:
        self.status: int | None = None
        self.pieces: list[bytes] = []
        self.is_over = asyncio.Event()
        self._body: bytes | None = body

    async def receive(self) -> dict[str, Any]:
        """The body, then that the caller is gone once he has the answer."""
        if self._body is None:
            await self.is_over.wait()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            self.pieces.append(message.get("body", b""))
            if not message.get("more_body", False):
                self.is_over.set()
