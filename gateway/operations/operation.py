"""One thing the gateway answers itself, described well enough to be called and to be documented."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.exchange import Exchange
from gateway.paths import Path
from gateway.responses import Answer
from libs.common.actor import OPERATOR_TENANT_ID, Actor, ActorKind
from libs.common.errors import MethodNotAllowed, PermissionDenied, Unauthenticated, ValidationFailed
from libs.common.http.problems import allowed
from libs.common.http.repeated import error_of

Handler = Callable[[Exchange, Mapping[str, str]], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on a path.

    Attributes:
        path: below `/api/v1`, or from the root with `at_root`; `{name}` stands for one segment.
        id: its OpenAPI id; without one it is left out of the document.
        needs_actor: whether to find out who asks; set by a permission as well.
        permission: what the actor must hold, as a member of the operator tenant.
        is_exempt: neither rate limited nor logged (health checks, metrics).
        parameters, body, response: OpenAPI parameter objects, schema of the request body, schema of the answer.
    """

    method: str
    path: str
    handler: Handler
    id: str | None = None
    tag: str = "gateway"
    summary: str = ""
    description: str = ""
    needs_actor: bool = False
    permission: str | None = None
    at_root: bool = False
    is_exempt: bool = False
    parameters: tuple[Mapping[str, Any], ...] = ()
    body: Mapping[str, Any] | None = None
    response: Mapping[str, Any] = field(default_factory=lambda: {"type": "object"})


class OperationTable:
    """Finds the operation of a path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        self._plain: dict[tuple[bool, tuple[str, ...]], dict[str, Operation]] = {}
        self._patterns: list[tuple[tuple[str, ...], dict[str, Operation]]] = []
        patterns: dict[tuple[str, ...], dict[str, Operation]] = {}
        for operation in self.operations:
            segments = tuple(part for part in operation.path.split("/") if part)
            if "{" in operation.path:
                patterns.setdefault(segments, {})[operation.method] = operation
            else:
                self._plain.setdefault((operation.at_root, segments), {})[operation.method] = operation
        self._patterns = list(patterns.items())

    def find(self, path: Path, method: str) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation of a path and the values of its placeholders; None where the path is not ours.

        Raises:
            MethodNotAllowed: the path is ours, but does not take this method.
        """
        plain = self._plain.get((not path.is_api, path.segments))
        if plain is not None:
            return _choose(plain, method), {}
        if path.is_api:
            for pattern, by_method in self._patterns:
                values = _match(pattern, path.segments)
                if values is not None:
                    return _choose(by_method, method), values
        return None


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> Mapping[str, str] | None:
    if len(pattern) != len(segments):
        return None
    values = {}
    for expected, actual in zip(pattern, segments, strict=True):
        if expected.startswith("{"):
            values[expected[1:-1]] = actual
        elif expected != actual:
            return None
    return values


def _choose(by_method: Mapping[str, Operation], method: str) -> Operation:
    operation = by_method.get("GET" if method == "HEAD" else method)
    if operation is None:
        raise MethodNotAllowed("This path does not take this method.", headers={"Allow": allowed(by_method)})
    return operation


def require(actor: Actor, permission: str) -> None:
    """Refuse unless the actor holds a permission over the platform itself.

    A business's own wildcard does not reach that far: the caller must belong to the operator tenant too.

    Raises:
        Unauthenticated: nobody is signed in.
        PermissionDenied: the permission is missing.
    """
    if actor.is_anonymous:
        raise Unauthenticated("Sign in first: POST /api/v1/auth/login.")
    is_operator = (
        actor.is_superuser
        or actor.kind is ActorKind.SYSTEM
        or OPERATOR_TENANT_ID in (actor.tenant_id, actor.home_tenant_id)
    )
    if not (is_operator and actor.may(permission)):
        raise PermissionDenied(f"This needs the permission {permission}.", required_permission=permission)


def query(name: str, description: str, schema: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """An OpenAPI query parameter."""
    return {"name": name, "in": "query", "description": description, "schema": schema or {"type": "string"}}


def in_path(name: str, description: str) -> Mapping[str, Any]:
    """An OpenAPI path parameter."""
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def page_of(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a keyset page."""
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": item},
            "next_cursor": {"type": ["string", "null"], "description": "Send it as `cursor` to read on"},
        },
    }


def asked_of(exchange: Exchange, known: Iterable[str]) -> dict[str, str]:
    """The query parameters of a list, each of which takes one value.

    Raises:
        ValidationFailed: one is none of those that are known, or came more than once.
    """
    given = exchange.parameters()
    for name in given:
        if name not in known:
            raise ValidationFailed.of(name, "is not a filter of this list", place="query")
    repeated = [error_of(name) for name, values in given.items() if len(values) > 1]
    if repeated:
        raise ValidationFailed("One or more fields are not valid.", errors=repeated)
    return {name: values[0] for name, values in given.items()}


def whole_number(text: str | None, name: str, default: int, least: int, most: int) -> int:
    """A query parameter as a whole number.

    Raises:
        ValidationFailed: it is none, or out of range.
    """
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
        raise ValidationFailed.of(name, f"must be a whole number from {least} to {most}", place="query")
    return int(text)
