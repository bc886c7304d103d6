"""The base of every request and response body."""

import warnings
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.warnings import UnsupportedFieldAttributeWarning
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError
from pydantic_core.core_schema import no_info_after_validator_function, no_info_before_validator_function

from libs.common.visible import is_visible

# fastapi names its bodies by an alias that says nothing to pydantic, and hides the warning where it builds them at once.
warnings.simplefilter("ignore", UnsupportedFieldAttributeWarning)

# One line without control characters, for names that stand in mails and heads: whoever sends `Sipho,\n\nYour account is
# blocked` for one would have us write to people what he likes.
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"

_SCALARS = frozenset({"int", "float", "bool"})
_TIMES = frozenset({"date", "datetime", "time"})
_CHECKS = frozenset({"function-before", "function-after"})


def strict_values(node: Any, *, body: type[BaseModel] | None = None) -> None:
    """Make every time within a core schema one of UTC that refuses numbers, in place.

    A `body` also refuses other types, and texts that show nothing where they must not be empty. Queries have none: all
    their values are texts. Within a body, other bodies have seen to themselves.
    """
    if isinstance(node, list | tuple):
        for member in node:
            strict_values(member, body=body)
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if not isinstance(kind, str):
        # A mapping of fields, one of which is called `type`.
        kind = None
    if body is not None and kind == "model" and node.get("cls") is not body:
        return
    if kind in _CHECKS and node["function"]["function"] in _OWN:
        # Models hand out the schema they keep, so this one has been here before.
        return
    if body is not None and kind in _SCALARS:
        node.setdefault("strict", True)
    elif kind in _TIMES:
        inner = dict(node)
        node.clear()
        node.update(no_info_before_validator_function(_not_a_number, inner))
        if kind == "datetime":
            checked = dict(node)
            node.clear()
            node.update(no_info_after_validator_function(_in_utc, checked))
        return
    elif body is not None and kind == "str" and node.get("min_length"):
        inner = dict(node)
        node.clear()
        node.update(no_info_after_validator_function(_visible, inner))
        return
    for name, member in node.items():
        if name not in ("metadata", "serialization", "default", "config"):
            strict_values(member, body=body)


def _not_a_number(value: Any) -> Any:
    # pydantic takes numbers, and texts that hold one, for seconds since 1970.
    is_number = isinstance(value, int | float)
    if isinstance(value, str):
        try:
            float(value)
            is_number = True
        except ValueError:
            pass
    if is_number:
        raise PydanticCustomError("time_type", "Write it in the form of RFC 3339")
    return value


def _in_utc(value: datetime) -> datetime:
    # What was just written is answered as it will be read; the time of a filter that says no offset is one of UTC. It may
    # be a day of the year 0 or 10000 there, which neither Python nor anything that reads RFC 3339 has.
    try:
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    except OverflowError:
        raise PydanticCustomError("time_range", "Must lie in the years 1 to 9999 of UTC") from None


def _visible(value: str) -> str:
    if not is_visible(value):
        raise PydanticKnownError("string_too_short", {"min_length": 1})
    return value


# What is put around a value here.
_OWN = (_not_a_number, _visible)

_being_built: set[type[BaseModel]] = set()


def _build_once(body: type[BaseModel]) -> None:
    """Build a body's own validator before that of what holds it: it is shared then, where each would have a copy."""
    if not body.__pydantic_complete__ and body not in _being_built:
        _being_built.add(body)
        try:
            body.model_rebuild()
        finally:
            _being_built.discard(body)


class Schema(BaseModel):
    """A body: unknown fields are refused, strings are trimmed, rows can be read by attribute.

    A value of another JSON type is refused, even one that could be read as the right one: `"7"`, `7.0` and `true`
    are no integers, and a number is no time. A text that must not be empty shows something. Its validator is made when it is first asked for: a service has hundreds.
    """

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, str_strip_whitespace=True, defer_build=True
    )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The validator of the body, with its fields made strict."""
        _build_once(cls)
        schema = handler(source)
        strict_values(schema, body=cls)
        return schema


def _without_defaults(schema: dict[str, Any]) -> None:
    # Absent means unchanged, so a default would be a lie, and often not even a valid value.
    for definition in schema.get("properties", {}).values():
        definition.pop("default", None)


class PatchSchema(Schema):
    """A partial update: `changes()` holds the fields that were sent, so that null differs from absent."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def changes(self) -> dict[str, Any]:
        """The fields that the caller sent, in the form that `model_dump` of a whole body gives."""
        return self.model_dump(include=self.model_fields_set)


class OutSchema(BaseModel):
    """A response body read from a row; it never refuses what we stored."""

    model_config = ConfigDict(from_attributes=True, defer_build=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The validator of the body, which all that hold it share."""
        _build_once(cls)
        return handler(source)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Name fields as they are written: a validation alias says where a value is read from."""
        schema = handler(core_schema)
        described = handler.resolve_ref_schema(schema)
        names = {}
        for name, info in cls.model_fields.items():
            read = info.validation_alias if isinstance(info.validation_alias, str) else name
            names[read] = info.serialization_alias or name
        properties = described.get("properties", {})
        described["properties"] = {names.get(key, key): value for key, value in properties.items()}
        if "required" in described:
            described["required"] = [names.get(key, key) for key in described["required"]]
        return schema
