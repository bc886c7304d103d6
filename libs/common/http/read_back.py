"""Lets a PUT take what a GET gave: fields that nobody writes may come back as they were read."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from fastapi.routing import APIRoute
from pydantic import BaseModel

from libs.common.errors import ValidationFailed
from libs.common.http.middleware import App, Message, Receive, Scope, Send

# A time says only when something else changed.
_TIME = "_at"
# The PUT would answer the same: there is none, or not now.
_PASSED_ON = frozenset({404, 503})


def read_back(routes: Iterable[APIRoute]) -> None:
    """Let the PUT routes among these take the fields that they answer and do not take, where a GET gives them.

    Those are compared with what the GET gives now, and left out of the body. One that differs is refused, but for
    times; `version` counts as `If-Match` where that is not sent, so what was read before somebody's change is refused.
    """
    known = list(routes)
    read = {route.path_format: route for route in known if "GET" in (route.methods or ())}
    for route in known:
        names = names_of(route)
        # Routes are those of all apps of a process.
        if names and route.path_format in read and not isinstance(route.app, ReadBack):
            route.app = ReadBack(route.app, read[route.path_format], names)


def names_of(route: APIRoute) -> frozenset[str]:
    """The fields that a PUT route answers and does not take; none of other routes."""
    bodies = route.dependant.body_params
    if "PUT" not in (route.methods or ()) or len(bodies) != 1:
        return frozenset()
    taken, given = bodies[0].field_info.annotation, route.response_model
    if not (_is_model(taken) and _is_model(given)):
        return frozenset()
    return frozenset(given.model_fields) - frozenset(taken.model_fields)  # type: ignore[union-attr]


class ReadBack:
    """The app of one PUT route."""

    def __init__(self, app: App, read: APIRoute, names: frozenset[str]) -> None:
        self.app, self.read, self.names = app, read, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        message = await receive()
        is_whole = message["type"] == "http.request" and not message.get("more_body")
        document = _object(message.get("body", b"")) if is_whole else None
        sent = self.names & document.keys() if document is not None else frozenset()
        if document is not None and sent:
            answer = await self._read(scope)
            if answer[0]["status"] in _PASSED_ON:
                for part in answer:
                    await send(part)
                return
            current = _object(b"".join(part.get("body", b"") for part in answer))
            # Who may not read it has a body of unknown fields.
            if current is not None and answer[0]["status"] == 200:
                scope = _with_version(scope, document) if "version" in sent else scope
                # What was read in another version may differ in anything; that is for `If-Match` to say.
                is_same = document.get("version", current.get("version")) == current.get("version")
                if is_same and (errors := list(_differing(document, current, sorted(sent)))):
                    raise ValidationFailed("One or more fields cannot be changed here.", errors=errors)
                rest = {name: value for name, value in document.items() if name not in sent}
                message = {**message, "body": orjson.dumps(rest)}
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return message

        await self.app(scope, replay, send)

    async def _read(self, scope: Scope) -> list[Message]:
        """What the GET answers this caller."""
        answer: list[Message] = []

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: Message) -> None:
            answer.append(message)

        asked = {**scope, "method": "GET", "query_string": b"", "state": dict(scope.get("state") or {})}
        await self.read.app(asked, nothing, keep)
        return answer


def _with_version(scope: Scope, document: dict[str, Any]) -> Scope:
    version = document["version"]
    if isinstance(version, bool) or not isinstance(version, int):
        raise ValidationFailed.of("version", "must be the one that was read", "fixed")
    if any(name == b"if-match" for name, _ in scope["headers"]):
        return scope
    return {**scope, "headers": [*scope["headers"], (b"if-match", b'"%d"' % version)]}


def _differing(
    document: dict[str, Any], current: dict[str, Any], sent: list[str]
) -> Iterator[dict[str, Any]]:
    for name in sent:
        if not name.endswith(_TIME) and document[name] != current.get(name):
            yield {"loc": ["body", name], "msg": "cannot be changed here", "type": "fixed"}


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
