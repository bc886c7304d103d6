"""The fields that conditions and placeholders can name, with what kind of value each has, read off the schemas."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import Enum, StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from libs.common.money import Money


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    CHOICE = "choice"
    NUMBER = "number"
    MONEY = "money"
    TRUTH = "boolean"
    TIME = "time"
    DATE = "date"
    ID = "id"
    LIST = "list"


class FieldType(BaseModel):
    """The kind of a field, and its choices where it has some."""

    kind: Kind
    choices: tuple[str, ...] = ()


_SIMPLE: dict[Any, Kind] = {
    str: Kind.TEXT,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    bool: Kind.TRUTH,
    datetime: Kind.TIME,
    date: Kind.DATE,
    UUID: Kind.ID,
}


def fields_of(model: type[BaseModel], prefix: str = "") -> dict[str, FieldType]:
    """The fields of a schema by their dotted names; lists of parts are left out."""
    return dict(_fields(model, prefix, 0))


def _fields(model: type[BaseModel], prefix: str, depth: int) -> Iterator[tuple[str, FieldType]]:
    for name, info in model.model_fields.items():
        yield from _field(f"{prefix}{name}", info.annotation, depth)


def _field(name: str, annotation: Any, depth: int) -> Iterator[tuple[str, FieldType]]:
    kind = _bare(annotation)
    origin = get_origin(kind)
    if origin is Literal:
        yield name, FieldType(kind=Kind.CHOICE, choices=tuple(map(str, get_args(kind))))
    elif origin is list and _bare(get_args(kind)[0]) in (str, UUID):
        yield name, FieldType(kind=Kind.LIST)
    elif kind in _SIMPLE:
        yield name, FieldType(kind=_SIMPLE[kind])
    elif isinstance(kind, type) and issubclass(kind, Enum):
        yield name, FieldType(kind=Kind.CHOICE, choices=tuple(str(one.value) for one in kind))
    elif isinstance(kind, type) and issubclass(kind, Money):
        yield name, FieldType(kind=Kind.MONEY)
        yield f"{name}.amount", FieldType(kind=Kind.NUMBER)
        yield f"{name}.currency", FieldType(kind=Kind.TEXT)
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and depth < 2:
        yield from _fields(kind, f"{name}.", depth + 1)


def _bare(annotation: Any) -> Any:
    """A type without what says that it may be null, and without remarks."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in (Union, UnionType):
            kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
            if len(kinds) != 1:
                return None
            annotation = kinds[0]
        else:
            return annotation


def look_up(values: Any, path: str) -> Any:
    """What a dotted name leads to among nested mappings; None where it leads nowhere."""
    for part in path.split("."):
        if not isinstance(values, dict):
            return None
        values = values.get(part)
    return values
