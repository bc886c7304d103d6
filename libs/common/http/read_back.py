"""Lets a PUT take what a GET gave: fields that nobody writes may come back as they were read."""

from collections.abc import Iterable, Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

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
    The same holds for the fields of parts: those that are sent with a part are those of one part that is there.
    """
    known = list(routes)
    read = {route.path_format: route for route in known if "GET" in (route.methods or ())}
    for route in known:
        names, parts = names_of(route), parts_of(route)
        # Routes are those of all apps of a process.
        if (names or parts) and route.path_format in read and not isinstance(route.app, ReadBack):
            route.app = ReadBack(route.app, read[route.path_format], names, parts)


def names_of(route: APIRoute) -> frozenset[str]:
    """The fields that a PUT route answers and does not take; none of other routes."""
    if (models := _models_of(route)) is None:
        return frozenset()
    taken, given = models
    return frozenset(given.model_fields) - frozenset(taken.model_fields)


def parts_of(route: APIRoute) -> dict[str, frozenset[str]]:
    """The fields of a PUT route that hold one part or a list of them, with what it answers of a part and does not take."""
    if (models := _models_of(route)) is None:
        return {}
    taken, given = models
    found = {}
    for name, field in taken.model_fields.items():
        if name in given.model_fields:
            written, answered = _part(field.annotation), _part(given.model_fields[name].annotation)
            if written and answered and (rest := answered.model_fields.keys() - written.model_fields.keys()):
                found[name] = frozenset(rest)
    return found


class ReadBack:
    """The app of one PUT route."""

    def __init__(
        self, app: App, read: APIRoute, names: frozenset[str], parts: dict[str, frozenset[str]]
    ) -> None:
        self.app, self.read, self.names, self.parts = app, read, names, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        message = await receive()
        is_whole = message["type"] == "http.request" and not message.get("more_body")
        document = _object(message.get("body", b"")) if is_whole else None
        sent = self.names & document.keys() if document is not None else frozenset()
        if document is not None and (sent or self._sends_parts(document)):
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
                errors = list(_differing(document, current, sorted(sent)))
                for name, names in self.parts.items():
                    errors += _differing_parts(name, document.get(name), current.get(name), names)
                if is_same and errors:
                    raise ValidationFailed("One or more fields cannot be changed here.", errors=errors)
                rest = {
                    name: _without(value, self.parts.get(name, frozenset()))
                    for name, value in document.items()
                    if name not in sent
                }
                message = {**message, "body": orjson.dumps(rest)}
        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return message

        await self.app(scope, replay, send)

    def _sends_parts(self, document: dict[str, Any]) -> bool:
        return any(
            names & part.keys() for name, names in self.parts.items() for part in _listed(document.get(name))
        )

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


def _differing_parts(field: str, sent: Any, current: Any, names: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The parts that were sent with what is not that of any part there is."""
    there = _listed(current)
    for number, part in enumerate(_listed(sent)):
        fixed = {n: part[n] for n in names & part.keys() if not n.endswith(_TIME)}
        if not any(all(one.get(n) == value for n, value in fixed.items()) for one in there):
            for name in sorted(fixed):
                place = [number] if isinstance(sent, list) else []
                yield {"loc": ["body", field, *place, name], "msg": "cannot be changed here", "type": "fixed"}


def _listed(value: Any) -> list[dict[str, Any]]:
    """The parts of a field: one, or a list of them; what is no part is for the route to refuse."""
    parts = value if isinstance(value, list) else [value]
    return [part for part in parts if isinstance(part, dict)]


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_without(one, names) for one in value] if names else value
    if isinstance(value, dict) and names:
        return {name: one for name, one in value.items() if name not in names}
    return value


def _models_of(route: APIRoute) -> tuple[type[BaseModel], type[BaseModel]] | None:
    """What a PUT route takes and what it answers, where both are models."""
    bodies = route.dependant.body_params
    if "PUT" not in (route.methods or ()) or len(bodies) != 1:
        return None
    taken, given = bodies[0].field_info.annotation, route.response_model
    if not (_is_model(taken) and _is_model(given)):
        return None
    return taken, given  # type: ignore[return-value]


def _part(kind: Any) -> type[BaseModel] | None:
    """The model of a part: of the field itself or of the items of its list, where there is one only."""
    while (origin := get_origin(kind)) is not None:
        options = get_args(kind)[:1] if origin in (Annotated, list) else get_args(kind)
        options = tuple(one for one in options if one is not NoneType)
        if len(options) != 1 or origin not in (Annotated, list, Union, UnionType):
            return None
        kind = options[0]
    return kind if _is_model(kind) else None


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
