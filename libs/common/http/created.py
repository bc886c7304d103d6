"""Says in `Location` where to GET what a POST made (RFC 9110, section 15.3.2), where there is such a place."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from fastapi.routing import APIRoute

from libs.common.http.middleware import App, Message, Receive, Scope, Send

# Under which clients find the paths of services.
_PREFIX = "/api/v1"
_CREATED = 201
# The id in an answer whose model begins with it.
_ID = re.compile(rb'\{"[a-z_]+":"([0-9a-f-]{36})"')


def say_where(routes: Iterable[APIRoute]) -> None:
    """Have each POST route among these that makes something say where it is."""
    known = list(routes)
    for route in known:
        place = place_of(route, known)
        # Routes are those of all apps of a process.
        if place is not None and not isinstance(route.app, Created):
            route.app = Created(route.app, place)


def place_of(route: APIRoute, routes: Sequence[APIRoute]) -> str | None:
    """The path of what a POST route makes, which ends with its id; None where no route gives it.

    It is that below the route's own path, or else the one that gives the same model anywhere but above it.
    """
    if "POST" not in (route.methods or ()) or route.status_code != _CREATED:
        return None
    first = next(iter(getattr(route.response_model, "model_fields", ())), None)
    given = [
        each
        for each in routes
        if "GET" in (each.methods or ()) and first is not None and _is_named_by(each.path_format, first)
    ]
    below = (each for each in given if _parent(each.path_format) == route.path_format)
    same = (
        each
        for each in given
        if each.response_model is route.response_model
        and "{" not in _parent(each.path_format)
        and not route.path_format.startswith(f"{each.path_format}/")
    )
    found = next(below, None) or next(same, None)
    return None if found is None else found.path_format


class Created:
    """The app of one POST route; `place` is the path of what it makes."""

    def __init__(self, app: App, place: str) -> None:
        self.app = app
        self._parent = _PREFIX + _parent(place)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        start: Message | None = None

        async def send_with_place(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == _CREATED:
                start = message
                return
            if start is not None:
                if found := _ID.match(message.get("body", b"")):
                    filled = {
                        name: quote(str(value), safe="") for name, value in scope["path_params"].items()
                    }
                    place = f"{self._parent.format(**filled)}/".encode() + found[1]
                    start["headers"] = [*start.get("headers", ()), (b"location", place)]
                await send(start)
                start = None
            await send(message)

        await self.app(scope, receive, send_with_place)


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _is_named_by(path: str, field: str) -> bool:
    """Whether the last segment of a path is what a field holds."""
    segment = path.rpartition("/")[2]
    return segment.endswith("_id}") and field in ("id", segment.strip("{}"))
