"""The order of a list and the place where a page begins, as SQL that an index answers at any depth."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_


@dataclass(frozen=True)
class Stretch:
    """A part of a list that one index scan reads in order: its conditions, and whether a value orders it."""

    conditions: tuple[ColumnElement[bool], ...]
    by_value: bool


@dataclass(frozen=True)
class Keyset:
    """Rows by a column and then by id, downwards or upwards; nulls come last in either direction."""

    column: Any
    id: Any
    descending: bool

    @property
    def nullable(self) -> bool:
        """Whether rows may have no value to sort by."""
        return bool(self.column.property.columns[0].nullable)

    def stretches(self, after: tuple[Any, UUID] | None) -> list[Stretch]:
        """The stretches of the list after a row (value and id), in order.

        Values and nulls are two stretches: a condition that spans both would read an index from its beginning.
        """
        value, last_id = after or (None, None)
        beyond_id = None if last_id is None else self._beyond(self.id, last_id)
        with_value: list[ColumnElement[bool]] = [self.column.is_not(None)] if self.nullable else []
        if after is not None and value is not None:
            with_value.append(self._beyond(tuple_(self.column, self.id), (value, last_id)))
        found = []
        if after is None or value is not None:
            found.append(Stretch(tuple(with_value), True))
        if self.nullable:
            after_null = (beyond_id,) if value is None and beyond_id is not None else ()
            found.append(Stretch((self.column.is_(None), *after_null), False))
        return found

    def order(self, stretch: Stretch, column: Any = None, row_id: Any = None) -> tuple[Any, ...]:
        """The order of a stretch, over other columns than the model's where they are named."""
        by_id = self._directed(self.id if row_id is None else row_id)
        return (self._directed(self.column if column is None else column), by_id)[not stretch.by_value :]

    def _directed(self, column: Any) -> Any:
        return column.desc() if self.descending else column.asc()

    def _beyond(self, column: Any, value: Any) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = column < value if self.descending else column > value
        return condition
