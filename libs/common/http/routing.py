"""Finds the route of a request among those whose path begins as the request's does."""

from collections.abc import Iterable

from fastapi import APIRouter
from starlette.routing import BaseRoute, Route

from libs.common.http.middleware import Receive, Scope, Send


class FirstSegmentRouter(APIRouter):
    """Routes as they were declared, tried in their order, of one first segment of the path only.

    The framework tries one route after another, and those of an included router twice: with two hundred routes that
    took longer than what most of them do.

    Raises:
        ValueError: the first segment of a path is not written out, or a router includes another.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        super().__init__(redirect_slashes=False)
        self.routes.extend(routes)
        self._parts: dict[str, APIRouter] = {}
        self._nothing = APIRouter(redirect_slashes=False)
        for route in self.routes:
            segment = _first(route.path) if isinstance(route, Route) else "{"
            if "{" in segment:
                raise ValueError(f"{route} has no first segment to find it by")
            self._parts.setdefault(segment, APIRouter(redirect_slashes=False)).routes.append(route)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route of a request answer it; 404 or 405 where there is none."""
        await self._parts.get(_first(scope["path"]), self._nothing).app(scope, receive, send)


def _first(path: str) -> str:
    return path.removeprefix("/").partition("/")[0]
