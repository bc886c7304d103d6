"""The query of a list: filter fields, search, order and page, declared as one pydantic model per resource.

A field filters the column of its own name: a list field takes any of its values, a scalar one equals. The suffixes
`_from`, `_to`, `_min` and `_max` compare (inclusive). `Column("other")` in the annotation names another column.
Fields marked `Custom()` are left to the repository.

`q` is looked for in the columns that `searchable` lists, and is compared with those that `named_by` lists.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, field_validator
from pydantic_core import CoreSchema
from sqlalchemy import ColumnElement, and_, false, or_

from libs.common.db.search import contains
from libs.common.pagination import DEFAULT_LIMIT, MAX_LIMIT
from libs.common.schema import strict_values

_SUFFIXES = {"_from": "__ge__", "_min": "__ge__", "_to": "__le__", "_max": "__le__"}
# So many values of one filter are read each from its own place in the index and merged; more are filtered.
MAX_SPLIT = 8
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
# Of 18 digits at most, so that it fits any column of numbers.
_NUMBER = re.compile(r"-?[0-9]{1,18}", re.A)
_PAGING = {"limit", "cursor", "order", "q", "company_id"}


@dataclass(frozen=True)
class Column:
    """Names the column that a filter field compares, where it is not the field's own name."""

    name: str


@dataclass(frozen=True)
class Custom:
    """Marks a field that the repository turns into SQL itself."""


class ListQuery(BaseModel):
    """The base of every list's query: page, order and search. Subclasses add the filter fields."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")
    default_order: ClassVar[str] = "-created_at"
    # The columns of text that `q` is looked for in, and those of which it may be the whole value: ids, numbers, codes.
    searchable: ClassVar[tuple[str, ...]] = ()
    named_by: ClassVar[tuple[str, ...]] = ()

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Rows on a page")] = DEFAULT_LIMIT
    cursor: Annotated[str | None, Field(max_length=2000, description="`next_cursor` of the page before")] = (
        None
    )
    order: Annotated[
        str | None, Field(max_length=64, description="A field to sort by; a leading minus sorts downwards")
    ] = None
    q: Annotated[str | None, Field(max_length=200, description="Text to search for")] = None
    company_id: Annotated[
        UUID | None,
        Field(description="The business to act in (superusers); others use the X-Company-Id header"),
    ] = None

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Name the fields to sort by in the description of `order`."""
        cls.model_fields["order"].description = (
            f"A field to sort by, {cls.default_order} unless given: {', '.join(cls.orderable)}; "
            "a leading minus sorts downwards"
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The validator of the query; a number is no time."""
        schema = handler(source)
        strict_values(schema)
        return schema

    @field_validator("order")
    @classmethod
    def _known_order(cls, value: str | None) -> str | None:
        if value is not None and value.removeprefix("-") not in cls.orderable:
            raise ValueError(f"must be one of {', '.join(cls.orderable)}, with or without a leading minus")
        return value

    @field_validator("*")
    @classmethod
    def _storable_text(cls, value: Any) -> Any:
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, str) and "\0" in one:
                raise ValueError("must not hold a NUL character")
        return value

    @property
    def order_column(self) -> tuple[str, bool]:
        """The order column and whether it sorts downwards."""
        order = self.order or self.default_order
        return order.removeprefix("-"), order.startswith("-")

    def fingerprint(self) -> str:
        """What a cursor is bound to: every filter and the order, but not the page."""
        filters = self.model_dump(mode="json", exclude={"cursor", "limit"}, exclude_none=True)
        return repr(sorted(filters.items()))

    def conditions(self, model: type[Any]) -> list[ColumnElement[bool]]:
        """The SQL conditions of the filter fields that were sent."""
        found: list[ColumnElement[bool]] = []
        for name, info in type(self).model_fields.items():
            value = getattr(self, name)
            if value is None or (name in _PAGING and not _names_column(info.metadata)):
                continue
            if any(isinstance(mark, Custom) for mark in info.metadata):
                continue
            found.append(_condition(model, name, value, info.metadata))
        if self.q and self.named_by and not self.searchable:
            # An index gives these rows in order, so nothing has to be looked for.
            found.append(or_(false(), *self.names(model)))
        return found

    @property
    def is_plain(self) -> bool:
        """Whether one index gives the page whatever the values are: at most one filter, which is no comparison."""
        sent = [
            name
            for name, info in type(self).model_fields.items()
            if (name not in _PAGING or _names_column(info.metadata)) and getattr(self, name) is not None
        ]
        usual = self.order_column[0] == "created_at"
        return not self.q and len(sent) <= usual and not any(name.endswith(tuple(_SUFFIXES)) for name in sent)

    def search(self, model: type[Any]) -> ColumnElement[bool] | None:
        """That a row contains the text searched for, or is named by it; None where nothing is."""
        if not self.q or not self.searchable:
            return None
        return or_(
            contains([getattr(model, column) for column in self.searchable], self.q), *self.names(model)
        )

    def names(self, model: type[Any]) -> list[ColumnElement[bool]]:
        """That the text searched for is the whole of a column that rows are named by, one condition for each."""
        columns = [getattr(model, name) for name in self.named_by] if self.q else []
        values = [(column, _value_of(column.type.python_type, str(self.q))) for column in columns]
        return [column == value for column, value in values if value is not None]

    def split(self, model: type[Any]) -> tuple[Any, list[Any]] | None:
        """The column and the values of a filter that takes one of several, where one was sent."""
        for name, info in type(self).model_fields.items():
            values = getattr(self, name)
            if isinstance(values, list) and not any(isinstance(mark, Custom) for mark in info.metadata):
                distinct = list(dict.fromkeys(values))
                if 2 <= len(distinct) <= MAX_SPLIT:
                    return getattr(model, column_of(model, name, info.metadata)[0]), distinct
        return None


def _value_of(kind: type[Any], term: str) -> Any:
    """The value of a column that a text stands for; None where it stands for none."""
    if kind is UUID:
        return UUID(term) if _UUID.fullmatch(term) else None
    if kind is int:
        return int(term) if _NUMBER.fullmatch(term) else None
    return term


def _names_column(metadata: list[Any]) -> bool:
    return any(isinstance(mark, Column) for mark in metadata)


def column_of(model: Any, name: str, metadata: list[Any]) -> tuple[str, str]:
    """The column that a filter field compares and the operator, on a model or on the columns of a table."""
    operator = "__eq__"
    column = name
    if not hasattr(model, name):
        for suffix, compare in _SUFFIXES.items():
            if name.endswith(suffix):
                column, operator = name.removesuffix(suffix), compare
    return next((mark.name for mark in metadata if isinstance(mark, Column)), column), operator


def _condition(model: type[Any], name: str, value: Any, metadata: list[Any]) -> ColumnElement[bool]:
    column, operator = column_of(model, name, metadata)
    attribute = getattr(model, column)
    if isinstance(value, list):
        return and_(attribute.in_(value))
    condition: ColumnElement[bool] = getattr(attribute, operator)(value)
    return condition
