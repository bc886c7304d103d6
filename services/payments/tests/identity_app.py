"""A small stand-in for the identity service: it says whose sign-in was long ago."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


class IdentityApp:
    """Sessions as an ASGI app; all are fresh but those in `stale`."""

    def __init__(self) -> None:
        self.stale: set[str] = set()
        self._app = Starlette(routes=[Route("/internal/sessions/{session_id}/recent", self._recent)])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)

    async def _recent(self, request: Request) -> JSONResponse:
        return JSONResponse({"is_recent": request.path_params["session_id"] not in self.stale})
