"""Examples for the merged API document: what the schemas say, filled in with values a person would recognise."""

import re
from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

_REF = "#/components/schemas/"
_DEEPEST = 8
_FORMATS = {
    "uuid": "0198c0de-0000-7000-8000-000000000000",
    "date-time": "2026-03-31T09:30:00Z",
    "date": "2026-03-31",
    "time": "09:30:00",
    "email": "naledi@example.com",
    "uri": "https://example.com/coffee",
    "password": "Sunrise-over-9-hills",
    "binary": "",
}
# By the name of the field, where neither an example nor a format is given.
_STRINGS = {
    "name": "Karoo Coffee",
    "first_name": "Naledi",
    "last_name": "Mokoena",
    "email": "naledi@example.com",
    "owner_email": "naledi@example.com",
    "phone": "+27215550100",
    "website": "https://karoo.example",
    "country": "ZA",
    "currency": "ZAR",
    "city": "Cape Town",
    "line1": "12 Long Street",
    "postal_code": "8001",
    "sku": "HB-250",
    "slug": "house-blend",
    "title": "House blend",
    "subject": "Your order",
    "reason": "One bag was torn",
    "lost_reason": "Price",
    "locale": "en",
    "tz": "Africa/Johannesburg",
    "token": "b3duZXItb2YtdGhpcy1jYXJ0",
    "next_cursor": "eyJzaWduZWQiOiJjdXJzb3IifQ",
    "request_id": "0198c0de-1111-7000-8000-000000000000",
    "token_type": "Bearer",
    "access": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
    "refresh": "0198c0de.c2VjcmV0",
    "provider": "sandbox",
}
_NUMBERS = {"amount": 19900, "quantity": 2, "expires_in": 900, "version": 1, "limit": 50, "status": 200}
# Tried in turn where a string has to match a pattern.
_CANDIDATES = (
    "https://example.com/coffee",
    "ZA",
    "ZAR",
    "en",
    "house-blend",
    "house_blend",
    "12345678",
    "0198c0de",
    "A1",
    "a",
    "0",
)


class Examples:
    """Makes examples of schemas that refer to each other by name."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self._schemas = schemas

    def of(self, schema: Schema, *, writing: bool) -> Any:
        """An example that fits the schema. When writing, optional fields without an example are left out."""
        return self._value(schema, "", writing, ())

    def _value(self, schema: Schema, name: str, writing: bool, above: tuple[str, ...]) -> Any:
        reference = schema.get("$ref", "")
        if reference:
            target = reference.removeprefix(_REF)
            return self._value(self._schemas.get(target, {}), name, writing, (*above, target))
        given = _given(schema)
        if given is not _NOTHING:
            return given
        for several in ("anyOf", "oneOf"):
            if several in schema:
                kinds = [kind for kind in schema[several] if kind.get("type") != "null"]
                free = [kind for kind in kinds if not self._repeats(kind, above)]
                return self._value(free[0], name, writing, above) if free else None
        if "allOf" in schema:
            parts = [self._value(part, name, writing, above) for part in schema["allOf"]]
            return {k: v for part in parts for k, v in part.items()} if len(parts) > 1 else parts[0]
        kind = _kind(schema)
        if kind == "object" or "properties" in schema:
            return self._object(schema, writing, above)
        if kind == "array":
            items = schema.get("items", {})
            return [] if self._repeats(items, above) else [self._value(items, name, writing, above)]
        return _plain(schema, kind, name)

    def _object(self, schema: Schema, writing: bool, above: tuple[str, ...]) -> dict[str, Any]:
        properties: Mapping[str, Schema] = schema.get("properties", {})
        required = schema.get("required", ())
        made = {}
        for name, field in properties.items():
            is_wanted = name in required or not writing or not required or _given(field) is not _NOTHING
            if not is_wanted or (name not in required and self._repeats(field, above)):
                continue
            made[name] = self._value(field, name, writing, above)
        return made

    def _repeats(self, schema: Schema, above: tuple[str, ...]) -> bool:
        """Whether the schema is one that is being filled in, or everything is nested too deeply already."""
        target = schema.get("$ref", "").removeprefix(_REF)
        return target in above or len(above) > _DEEPEST


class _Nothing:
    """Says that a schema gives no value of its own; None is one."""


_NOTHING = _Nothing()


def _given(schema: Schema) -> Any:
    if "example" in schema:
        return schema["example"]
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    default = schema.get("default")
    return default if isinstance(default, bool | int | float | str) else _NOTHING


def _kind(schema: Schema) -> str | None:
    kind = schema.get("type")
    if isinstance(kind, list):
        return next((one for one in kind if one != "null"), None)
    return kind


def _plain(schema: Schema, kind: str | None, name: str) -> Any:
    if kind == "string":
        return _string(schema, name)
    if kind in ("integer", "number"):
        return _number(schema, name)
    if kind == "boolean":
        return True
    return None if kind == "null" else {}


def _number(schema: Schema, name: str) -> int | float:
    number: int | float = _NUMBERS.get(name, 1)
    if "minimum" in schema or "exclusiveMinimum" in schema:
        number = max(number, schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
    if "maximum" in schema or "exclusiveMaximum" in schema:
        number = min(number, schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1))
    return number


def _string(schema: Schema, name: str) -> str:
    text: str = _FORMATS.get(schema.get("format", ""), _STRINGS.get(name, name.replace("_", " ") or "text"))
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, text):
        text = next((known for known in _CANDIDATES if re.search(pattern, known)), text)
    return text[: schema.get("maxLength", len(text))].ljust(schema.get("minLength", 0), "x")
