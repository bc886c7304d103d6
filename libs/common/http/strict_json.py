"""Refuses JSON bodies that two readers could read in two ways (a key that comes twice, another encoding than UTF-8),
and those that hold what no column takes (a NUL, half a surrogate pair, a number beyond 64 bits).
"""

import json
import re
from typing import Any

import orjson

from libs.common.errors import AppError, BadRequest, UnsupportedMediaType, ValidationFailed
from libs.common.http.middleware import App, Message, Receive, Scope, Send
from libs.common.http.problems import MEDIA_TYPE, problem_body

_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class StrictJson:
    """Wraps an app, below the body limit. The app gets the bytes as they came (RFC 8259, section 8.1; RFC 7493)."""

    def __init__(self, app: App, service: str) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http" or scope["method"] not in _METHODS or not _is_json(scope):
            await self.app(scope, receive, send)
            return
        if _is_encoded(scope):
            await self._refuse(UnsupportedMediaType("Send the body without Content-Encoding."), scope, send)
            return
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                # Nobody reads this; it keeps clients that left out of the count of our own failures.
                await self._refuse(BadRequest("The body did not arrive whole."), scope, send)
                return
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(parts)
        try:
            if body:
                check(body)
        except (BadRequest, ValidationFailed) as error:
            await self._refuse(error, scope, send)
            return
        replayed = False

        async def replay() -> Message:
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self.app(scope, replay, send)

    async def _refuse(self, error: AppError, scope: Scope, send: Send) -> None:
        request_id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1") or None
        body = orjson.dumps(problem_body(self.service, error, instance=scope["path"], request_id=request_id))
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": error.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def check(body: bytes) -> None:
    """Read a JSON body strictly.

    Raises:
        BadRequest: it is not JSON in UTF-8, or names a key twice in one object.
        ValidationFailed: it holds a character or a number that cannot be stored.
    """
    try:
        content = _DECODER.decode(body.decode())
    except _Twice:
        raise BadRequest("An object in the body names a key twice.") from None
    except (ValueError, RecursionError):
        raise BadRequest("The body is not valid JSON.") from None
    if _SUSPECT.search(body) and not _is_text(content):
        raise ValidationFailed("A text holds a NUL character or half a surrogate pair.")


# Escapes of NUL and of surrogates, whole pairs included; unescaped ones are no JSON in UTF-8.
_SUSPECT = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return _NO_TEXT.search(value) is None
    if isinstance(value, dict):
        return all(_is_text(key) and _is_text(member) for key, member in value.items())
    return not isinstance(value, list) or all(_is_text(member) for member in value)


class _Twice(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Twice
    return members


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _is_encoded(scope: Scope) -> bool:
    codings = [value.strip().lower() for name, value in scope["headers"] if name == b"content-encoding"]
    return any(coding not in (b"", b"identity") for coding in codings)


def _number(text: str) -> float:
    # The database writes large ones out with all their digits, which no reader of 64 bits takes back.
    number = float(text)
    if not -(2**63) <= number < 2**64:
        raise ValidationFailed("A number is too large.")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_number, parse_int=_number
)


def _is_json(scope: Scope) -> bool:
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    subtype: bytes = kind.partition(b";")[0].strip().lower()
    return subtype == b"application/json" or subtype.endswith(b"+json")
