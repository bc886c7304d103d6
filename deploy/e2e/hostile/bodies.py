"""Hostile requests made from the merged API document: every field of every body, wrong in every way that is known.

Values are JSON texts, not Python values, since much of what is hostile (`1e400`, a lone surrogate, a key that comes
twice) has none.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
# Deeper than any place that is looked at.
_DEEPEST = 8
Place = tuple[str | int, ...]

# Whatever stands here in a body is replaced by a JSON text.
_HERE = "\x01here\x01"

SQL = "'); DROP TABLE crm.deals; --"
TEMPLATE = "{{ 7*7 }}${7*7}{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}"
FORMULA = '=HYPERLINK("http://evil.example","x")'
# Texts that mean nothing to us: where they are taken, they come back as they were sent.
HARMLESS = (
    SQL,
    TEMPLATE,
    FORMULA,
    "<script>alert(1)</script>",
    "‮שלום‬ مرحبا",
    "👩🏽\u200d🚀 𝒫𝒾𝓁𝓁𝒶𝓇𝓈 e\u0301",
    "../../etc/passwd",
    "%s%n%(x)s {0} {x.__class__}",
)


@dataclass(frozen=True)
class Operation:
    """One operation that takes a JSON body."""

    method: str
    path: str
    schema: Json
    is_required: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Hostile:
    """One hostile body, as JSON text or bytes that are none."""

    name: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class Document:
    """The merged OpenAPI document."""

    def __init__(self, document: Json) -> None:
        self.document = document

    def resolve(self, schema: Json) -> Json:
        """The schema behind a reference."""
        while "$ref" in schema:
            found: Any = self.document
            for name in schema["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            schema = {**found, **{k: v for k, v in schema.items() if k != "$ref"}}
        return schema

    def branches(self, schema: Json) -> list[Json]:
        """What a value may be: the members of a union, or the one schema."""
        schema = self.resolve(schema)
        options = schema.get("anyOf") or schema.get("oneOf")
        if not options:
            return [schema]
        return [branch for option in options for branch in self.branches(option)]

    def bodies(self) -> Iterator[Operation]:
        """The operations that take a JSON body."""
        for path, item in self.document["paths"].items():
            for method in ("post", "put", "patch"):
                body = item.get(method, {}).get("requestBody", {})
                content = body.get("content", {}).get("application/json")
                if content:
                    yield Operation(method.upper(), path, content["schema"], body.get("required", False))

    def example(
        self, schema: Json, known: Callable[[str], Any], name: str = "", *, full: bool = True, depth: int = 0
    ) -> Any:
        """A value that fits; `known` gives that of a field by its name, or None. What holds itself ends somewhere."""
        full = full and depth < _DEEPEST
        value = known(name)
        if value is not None:
            return value
        schema = next((b for b in self.branches(schema) if b.get("type") != "null"), {})
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "object" if "properties" in schema:
                needed = set(schema.get("required", ()))
                return {
                    key: self.example(inner, known, key, full=full, depth=depth + 1)
                    for key, inner in schema["properties"].items()
                    if full or key in needed
                }
            case "object":
                return {}
            case "array":
                if not full and not schema.get("minItems"):
                    return []
                items = schema.get("items", {})
                return [self.example(items, known, name.removesuffix("s"), full=full, depth=depth + 1)]
            case "integer" | "number":
                return max(1, schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1)
            case "boolean":
                return False
            case "string" | None:
                return _text(schema, name)
        return None

    def places(self, schema: Json, at: Place = ()) -> Iterator[tuple[Place, list[Json]]]:
        """Every field of a body with what it may be, nested ones and members of lists included."""
        if len(at) > 5:
            return
        for branch in self.branches(schema):
            for key, inner in branch.get("properties", {}).items():
                yield (*at, key), self.branches(inner)
                yield from self.places(inner, (*at, key))
            if branch.get("type") == "array":
                yield (*at, 0), self.branches(branch.get("items", {}))
                yield from self.places(branch.get("items", {}), (*at, 0))


def _text(schema: Json, name: str) -> Any:
    examples = schema.get("examples")
    if examples:
        return examples[0]
    match schema.get("format"):
        case "uuid":
            return "0198c0de-0000-7000-8000-000000000000"
        case "email":
            return "somebody@example.com"
        case "date":
            return "2031-05-05"
        case "date-time":
            return "2031-05-05T10:00:00Z"
        case "time":
            return "10:00:00"
        case "uri":
            return "https://example.com/"
        case "password":
            return "Correct-horse-77"
    return (name or "text")[: schema.get("maxLength", 50)].ljust(schema.get("minLength", 1), "x")


TEXT, NUMBER, BOOLEAN, LIST, OBJECT, NULL = "string", "number", "boolean", "array", "object", "null"
_KINDS = {"integer": NUMBER}
_OF_KIND = {
    TEXT: ('"x"', '""'),
    NUMBER: ("0", "-1", "1.5"),
    BOOLEAN: ("true",),
    LIST: ("[]", "[[[1]]]"),
    OBJECT: ("{}", '{"x": {"$ne": 1}}'),
    NULL: ("null",),
}
NEVER_TEXT = {
    "NUL": '"a\\u0000b"',
    "a lone surrogate": '"a\\ud800b"',
    "a lone low surrogate": '"\\udc00"',
}
NEVER_NUMBER = {
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
    "1e400": "1e400",
    "2**53": "9007199254740993",
    "2**63": "9223372036854775808",
    "2**64": "18446744073709551616",
    "-2**63": "-9223372036854775808",
    "10**400": "1" + "0" * 400,
    "10**5000": "1" + "0" * 5000,
    "a fraction": "1.5",
    "a text": '"7"',
}
ODD_TIMES = (
    "0000-01-01",
    "10000-01-01",
    "2026-02-30",
    "2026-13-01",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00+99:99",
    "2026-01-01T00:00:00",
    "2026-01-01T00:00:61Z",
)


def wrong(branches: list[Json]) -> Iterator[tuple[str, str]]:
    """Values that a field must refuse, each with its name."""
    kinds = {_KINDS.get(b["type"], b["type"]) for b in branches if isinstance(b.get("type"), str)}
    kinds |= {TEXT for b in branches if "enum" in b or "const" in b}
    if not kinds:
        return
    for kind, texts in _OF_KIND.items():
        if kind not in kinds:
            for text in texts:
                yield f"{kind} {text}", text
    if TEXT in kinds:
        yield from NEVER_TEXT.items()
        longest = max((b.get("maxLength", 0) for b in branches), default=0)
        if longest:
            yield "too long", json.dumps("x" * (longest + 1))
    if NUMBER in kinds:
        for name, text in NEVER_NUMBER.items():
            if not (name == "a text" and TEXT in kinds) and not (
                name == "a fraction" and any(b.get("type") == "number" for b in branches)
            ):
                yield name, text
        for branch in branches:
            for limit, step in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0)):
                if limit in branch:
                    yield f"beyond the {limit}", str(branch[limit] + step)
    formats = {b.get("format") for b in branches} - {None}
    if formats & {"date", "date-time"} and not any(
        b.get("type") == TEXT and "format" not in b for b in branches
    ):
        for text in ODD_TIMES:
            if "date" in formats and text == "2026-01-01T00:00:00":
                continue
            yield f"the time {text}", json.dumps(text)
    if "uuid" in formats and len(formats) == 1:
        for text in ("x", "0198c0de", "0198c0de-0000-7000-8000-00000000000g", SQL):
            yield f"the id {text}", json.dumps(text)
    if "email" in formats:
        for text in (
            "x",
            "a@b@c.example",
            "a b@c.example",
            "a@" + "x" * 300 + ".example",
        ):
            yield f"the e-mail {text[:20]}", json.dumps(text)
    if any("enum" in b or "const" in b for b in branches) and not any(
        b.get("type") == TEXT and "enum" not in b and "const" not in b for b in branches
    ):
        yield "unknown choice", '"no-such-choice"'
    if any("ZAR" in b.get("examples", ()) for b in branches):
        for text in ("zar", "XXX", "QQQ", "ZA", "ZARR", "Z\u0410R"):
            yield f"the currency {text}", json.dumps(text)


def put(body: Any, place: Place, text: str) -> bytes | None:
    """The body as JSON with a JSON text in one place, or None where the example has no such place."""
    body = json.loads(json.dumps(body))
    spot: Any = body
    key: Any
    for key in place[:-1]:
        if (isinstance(spot, dict) and key in spot) or (
            isinstance(spot, list) and isinstance(key, int) and key < len(spot)
        ):
            spot = spot[key]
        else:
            return None
    last: Any = place[-1]
    if isinstance(spot, dict) or (isinstance(spot, list) and spot and isinstance(last, int)):
        spot[last] = _HERE
    else:
        return None
    return json.dumps(body).replace(json.dumps(_HERE), text, 1).encode("utf-8", "surrogatepass")


JSON = {"Content-Type": "application/json"}


def unreadable(example: Any) -> Iterator[Hostile]:
    """Bodies that no call with a required body may take."""
    valid = json.dumps(example).encode()
    first = next(iter(example), "name") if isinstance(example, dict) else "name"
    yield Hostile("empty", b"", JSON)
    yield Hostile("null", b"null", JSON)
    yield Hostile("a list", b"[" + valid + b"]", JSON)
    yield Hostile("a text", b'"text"', JSON)
    yield Hostile("a number", b"7", JSON)
    yield Hostile("NaN", b"NaN", JSON)
    yield Hostile("cut off", valid[:-1] or b"{", JSON)
    yield Hostile("trailing", valid + b"}", JSON)
    yield Hostile("two", valid + valid, JSON)
    yield Hostile("a comment", b"/* x */" + valid, JSON)
    yield Hostile("bytes", b"\xff\xfe\x00\x01", JSON)
    yield Hostile("invalid UTF-8", valid[:-1] + b', "x": "\xc3\x28"}', JSON)
    yield Hostile("overlong UTF-8", valid[:-1] + b', "x": "\xc0\xaf"}', JSON)
    yield Hostile("UTF-16", valid.decode().encode("utf-16"), JSON)
    yield Hostile("deep lists", b"[" * 100_000, JSON)
    yield Hostile("deep objects", b'{"a":' * 50_000, JSON)
    yield Hostile("deep and whole", b'{"a":' * 20_000 + b"1" + b"}" * 20_000, JSON)
    yield Hostile("an unknown field", _with(valid, b'"no_such_field": 1'), JSON)
    yield Hostile("a prototype", _with(valid, b'"__proto__": {"is_admin": true}'), JSON)
    yield Hostile(
        "another tenant", _with(valid, b'"tenant_id": "0198c0de-0000-7000-8000-000000000000"'), JSON
    )
    key = json.dumps(first).encode()
    yield Hostile("a key twice", _with(valid, key + b": " + json.dumps(_of(example, first)).encode()), JSON)
    yield Hostile("plain text", valid, {"Content-Type": "text/plain"})
    yield Hostile("a form", b"name=x&amount=1", {"Content-Type": "application/x-www-form-urlencoded"})
    yield Hostile("XML", b"<?xml version='1.0'?><x/>", {"Content-Type": "application/xml"})
    yield Hostile("no type", valid, {"Content-Type": ""})
    yield Hostile("compressed", valid, {**JSON, "Content-Encoding": "gzip"})
    yield Hostile("too large", b'{"name": "' + b"x" * 1_100_000 + b'"}', JSON)


def _of(example: Any, key: str) -> Any:
    return example.get(key) if isinstance(example, dict) else None


def _with(valid: bytes, member: bytes) -> bytes:
    return valid[:-1] + (b"" if valid == b"{}" else b", ") + member + b"}"
