"""How the walk asks: paths and bodies that fit, and answers that are looked through."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import httpx

from deploy.e2e.hostile.bodies import Document, Place
from deploy.e2e.isolation.answers import Secrets, shown
from deploy.e2e.isolation.by_hand import (
    BODIES,
    EITHER,
    REFERENCES,
)
from deploy.e2e.isolation.operations import METHODS, Operation
from deploy.e2e.isolation.recorded import Recorded
from deploy.e2e.isolation.words import Json, renewed
from deploy.e2e.isolation.world import Business
from libs.common.ids import new_id


class Asking:
    """Asks as `mine`, and looks in every answer for what is of `theirs`.

    Attributes:
        crossings: sentences, one for each thing that crossed or could not be tried.
        tried: how often each operation was tried, by way.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        document: Document,
        mine: Business,
        theirs: Business,
        secrets: Secrets,
        outsider: dict[str, str],
        *,
        below: str = "/",
        twins: bool = True,
        given: set[str] | None = None,
        tried: dict[str, Counter[str]] | None = None,
    ) -> None:
        self.http = http
        self.document = document
        self.mine = mine
        self.theirs = theirs
        self.secrets = secrets
        self.outsider = outsider
        self.below = below
        # Whether each question is asked with what never was as well, and both answers compared.
        self.twins = twins
        self.crossings: list[str] = []
        self.tried: dict[str, Counter[str]] = defaultdict(Counter) if tried is None else tried
        # Ids of the other business that were taken where any id is, and so come back.
        self.given: set[str] = set() if given is None else given
        self._paths: dict[tuple[str, str], list[str] | None] = {}

    def operations(self) -> Iterator[Operation]:
        """Every operation of the document, below a path if one is named."""
        for path, item in self.document.document["paths"].items():
            for method in METHODS:
                if method in item and path.startswith(self.below):
                    yield Operation(method.upper(), path, item[method])

    async def send(
        self, way: str, operation: Operation, path: str, who: dict[str, str], **options: Any
    ) -> httpx.Response:
        """Ask, and look for secrets in the answer that were not in the question."""
        headers = {**who, **options.pop("headers", {})}
        if any(p.get("name") == "Idempotency-Key" for p in self.parameters(operation)):
            headers.setdefault("Idempotency-Key", str(new_id()))
        response = await self.http.request(operation.method, path, headers=headers, **options)
        self.tried[str(operation)][way] += 1
        asked = f"{path} {options} {headers}"
        leaked = {
            secret for secret in self.secrets.found(shown(response)) if secret not in asked
        } - self.given
        if leaked:
            self.cross(
                operation,
                way,
                f"answers {response.status_code} with {sorted(leaked)[:3]}: {response.text[:300]}",
            )
        if response.status_code >= 500:
            self.cross(operation, way, f"answers {response.status_code}: {response.text[:300]}")
        return response

    def cross(self, operation: Operation, way: str, what: str) -> None:
        """Note that something crossed."""
        self.crossings.append(f"{operation} ({way}) {what}")

    def parameters(self, operation: Operation, where: str = "header") -> list[Json]:
        """The parameters of an operation that stand in its header, path or query."""
        found = (self.document.resolve(p) for p in operation.spec.get("parameters", ()))
        return [p for p in found if p["in"] == where]

    # Paths

    async def values(self, business: Business, operation: Operation) -> list[str] | None:
        """The values of a path's parameters that name something a business has."""
        known: list[str] = []
        segments = operation.path.split("/")
        for at, segment in enumerate(segments):
            if segment.startswith("{"):
                prefix = "/".join(segments[: at + 1])
                value = business.places.get(f"{operation.method} {prefix}") or await self._value(
                    business, prefix, filled("/".join(segments[:at]), known)
                )
                if value is None:
                    return None
                known.append(value)
        return known

    async def _value(self, business: Business, prefix: str, path: str) -> str | None:
        key = (business.marker, prefix)
        if key not in self._paths:
            given = business.places.get(prefix)
            if given is None:
                response = await self.http.get(path, headers=business.owner)
                is_list = response.status_code == 200 and isinstance(response.json(), dict)
                items = response.json().get("items") if is_list else None
                given = items[0].get("id") if items else None
            self._paths[key] = [given] if given else None
        found = self._paths[key]
        return found[0] if found else None

    # Bodies

    def body(self, operation: Operation) -> Json:
        """A body that fits, with what is one's own."""
        schema = operation.schema
        if schema is None:
            return None
        allowed = {key for branch in self.document.branches(schema) for key in branch.get("properties", {})}
        recorded = next(recorded_of(self.mine.recorded, operation), None)
        if recorded is None and operation.method == "PUT":
            parent = Operation("POST", operation.path.rpartition("/")[0], {})
            recorded = next(recorded_of(self.mine.recorded, parent), None)
        given = {name: self.mine.ids[key] for name, key in BODIES.get(str(operation), {}).items()}
        known = {"currency": "ZAR", "country": "ZA", "permission": "crm.deals.read", **self.mine.ids}
        example = self.document.example(schema, known.get, full=False)
        if isinstance(recorded and recorded.body, dict):
            assert recorded is not None
            example = {**(example or {}), **{k: v for k, v in recorded.body.items() if k in allowed}}
        return {**renewed(example), **given} if given else renewed(example)

    def references(self, operation: Operation) -> Iterator[tuple[Place, str]]:
        """The places of a body that refer to something, with the key of `Business.ids` that says to what."""
        for place, branches in self.document.places(operation.schema or {}):
            name = next(str(key) for key in reversed(place) if isinstance(key, str))
            is_id = any(branch.get("format") == "uuid" for branch in branches)
            is_member = place[-1] == 0 and name in REFERENCES
            if is_id or is_member:
                yield place, self.refers(operation, name)

    def refers(self, operation: Operation, name: str) -> str:
        """What a field refers to."""
        key = REFERENCES.get(f"{operation} {name}") or REFERENCES.get(name) or name
        if key not in self.mine.ids:
            self.cross(
                operation, "body", f"has {name}: say in REFERENCES what it refers to, and have it in world.py"
            )
        return key

    def put(self, operation: Operation, body: Json, place: Place, value: str) -> Json:
        """The body with a value in one place, made from the example where the body has no such place."""
        body = json.loads(json.dumps(body if isinstance(body, dict) else {}))
        spot, schema = body, operation.schema or {}
        for n, key in enumerate(place):
            schema = self._way(schema, key)
            kind = schema.get("properties", {}).get("type", {}).get("const")
            if isinstance(spot, dict) and kind is not None and spot.get("type") != kind:
                # One of several kinds of parts, and the body has another one there.
                spot.clear()
                spot.update(self.document.example(schema, self.mine.ids.get))
            if n == len(place) - 1:
                break
            schema = schema["properties"][key] if isinstance(key, str) else schema.get("items", {})
            if isinstance(spot, dict) and not spot.get(key):
                spot[key] = self.document.example(schema, self.mine.ids.get, str(key))
            spot = spot[key]
        if isinstance(spot, list):
            spot[:] = [value]
        else:
            for names in EITHER:
                if place[-1] in names:
                    for name in names:
                        spot.pop(name, None)
            spot[place[-1]] = value
        return body

    def _way(self, schema: Json, key: str | int) -> Json:
        """The branch of a schema that has a field, or members."""
        return next(
            branch
            for branch in self.document.branches(schema)
            if (
                key in branch.get("properties", {}) if isinstance(key, str) else branch.get("type") == "array"
            )
        )


def filled(path: str, values: Iterable[str]) -> str:
    """A path with values for its parameters, in turn."""
    left = iter(values)
    return re.sub(r"{\w+}", lambda _: next(left), path)


def nothing_like(value: str) -> str:
    """A value of the same form that never was."""
    if re.fullmatch(r"[0-9a-f-]{36}", value):
        return str(new_id())
    return f"never{str(new_id())[-12:]}".ljust(len(value), "x")[: max(len(value), 17)]


def recorded_of(recorded: list[Recorded], operation: Operation) -> Iterator[Recorded]:
    """The requests of an operation that were taken, the newest first."""
    for made in reversed(recorded):
        if made.method == operation.method and made.response.status_code < 300 and operation.fits(made.path):
            yield made
