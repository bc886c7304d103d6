"""The base of every request and response body."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    """A body: unknown fields are refused, strings are trimmed, rows can be read by attribute."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, str_strip_whitespace=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    # Absent means unchanged, so a default would be a lie, and often not even a valid value.
    for definition in schema.get("properties", {}).values():
        definition.pop("default", None)


class PatchSchema(Schema):
    """A partial update: `changes()` holds the fields that were sent, so that null differs from absent."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def changes(self) -> dict[str, Any]:
        """The fields that the caller sent, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class OutSchema(BaseModel):
    """A response body read from a row; it never refuses what we stored."""

    model_config = ConfigDict(from_attributes=True)
