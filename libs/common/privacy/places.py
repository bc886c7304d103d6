"""Where a step of work on a service's tables begins and ends: tables in their order, rows in that of their keys."""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel

from libs.common.privacy.fields import TableMap


class Place(BaseModel):
    """Where a step begins: at a table, by its documents or not, after the row with these keys."""

    table: str
    is_documents: bool = False
    after: list[str] | None = None

    def is_in(self, other: "Place") -> bool:
        """Whether both are in the same table, and both by documents or not."""
        return (self.table, self.is_documents) == (other.table, other.is_documents)


def places_from(tables: Iterable[tuple[sa.Table, TableMap]], begin: Place | None) -> Iterator[Place]:
    """The places from one on, that one first: all tables by whom their rows are about, then their documents."""
    known = list(tables)
    places = [Place(table=str(table.name)) for table, _ in known]
    places += [Place(table=str(table.name), is_documents=True) for table, of in known if of.documents]
    begun = next((n for n, at in enumerate(places) if begin is not None and begin.is_in(at)), None)
    if begin is None or begun is None:
        yield from places
    else:
        yield begin
        yield from places[begun + 1 :]


def later(table: sa.Table, after: list[str] | None) -> sa.ColumnElement[bool]:
    """The rows after the one with these keys."""
    if after is None:
        return sa.true()
    keys = list(table.primary_key.columns)
    values = (sa.cast(sa.literal(value, sa.Text), key.type) for key, value in zip(keys, after, strict=True))
    return sa.tuple_(*keys) > sa.tuple_(*values)


def keys_of(table: sa.Table, row: Any) -> list[str]:
    """The keys of a row that begins with them, as a place has them."""
    return [str(value) for value in row[: len(table.primary_key.columns)]]
