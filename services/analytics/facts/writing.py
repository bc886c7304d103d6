"""Collects the rows of facts and writes them in few statements, with the result of writing them one after another."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Table, func

from libs.common.db.bulk import bulk_insert, bulk_values
from libs.common.db.direct import Direct
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.messaging.event import Event

Row = Mapping[str, Any]


def the_later(_: Row, later: Row) -> Row:
    """The row written last stands."""
    return later


def the_first(first: Row, _: Row) -> Row:
    """The row written first stands."""
    return first


def the_higher(column: str) -> Callable[[Row, Row], Row]:
    """The row with the highest value stands; the first of equal ones."""
    return lambda first, later: later if later[column] > first[column] else first


def the_lower(column: str) -> Callable[[Row, Row], Row]:
    """The row with the lowest value stands; the first of equal ones."""
    return lambda first, later: later if later[column] < first[column] else first


@dataclass(frozen=True, eq=False)
class Shape:
    """One way to write one kind of fact.

    Attributes:
        columns: those inserted, beside the primary key.
        sets: those of them that replace what is there; none means that a row that is there stays as it is.
        merge: what two rows of one key in one statement come to, as if they had been written in that order.
        above: only a row with a lower value of this column is replaced.
        since: only a row with no higher value of this column is replaced.
        least: these columns keep the lower value.
    """

    model: type[Any]
    columns: tuple[str, ...]
    sets: tuple[str, ...] | None = None
    merge: Callable[[Row, Row], Row] = the_later
    above: str | None = None
    since: str | None = None
    least: tuple[str, ...] = ()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        table: Table = self.model.__table__
        return tuple(column.name for column in table.primary_key)

    @cached_property
    def statement(self) -> Direct:
        """The upsert of any number of rows."""
        table: Table = self.model.__table__
        made = bulk_insert(self.model, (*self.keys, *self.columns))
        sets = self.columns if self.sets is None else self.sets
        if not sets:
            return Direct(made.on_conflict_do_nothing())
        guard = None
        if self.above:
            guard = table.c[self.above] < made.excluded[self.above]
        elif self.since:
            guard = table.c[self.since] <= made.excluded[self.since]
        values = {
            name: func.least(table.c[name], made.excluded[name])
            if name in self.least
            else made.excluded[name]
            for name in sets
        }
        return Direct(made.on_conflict_do_update(index_elements=list(self.keys), set_=values, where=guard))


@dataclass
class Facts:
    """Rows to write, by shape. Rows of a later round are written after all of the rounds before it."""

    _rounds: list[dict[Shape, dict[tuple[Any, ...], Row]]] = field(default_factory=list)
    _turns: Counter[tuple[Any, ...]] = field(default_factory=Counter)

    def write(self, shape: Shape, row: Row, *, turn: int = 0) -> None:
        """Add a row, in the round of this turn."""
        while len(self._rounds) <= turn:
            self._rounds.append({})
        rows = self._rounds[turn].setdefault(shape, {})
        key = tuple(row[name] for name in shape.keys)
        rows[key] = shape.merge(rows[key], row) if key in rows else row

    def next_turn(self, *thing: Any) -> int:
        """The turn of another event of a thing whose events do not add up to one row."""
        self._turns[thing] += 1
        return self._turns[thing] - 1

    async def write_down(self, uow: UnitOfWork, order: tuple[Shape, ...]) -> None:
        """Record all rows, the shapes of a round in this order; the last round goes out with the commit."""
        rounds, self._rounds = self._rounds, []
        for number, found in enumerate(rounds):
            if number:
                # The same statement again, after the others of the round before.
                await uow.flush()
            for shape in order:
                if shape in found:
                    uow.write(shape.statement, bulk_values(found[shape].values()))


# Builds facts from an event of a tenant, given with its time.
Projection = Callable[[Facts, UUID, datetime, Any], None]
Projections = dict[type[Event], Projection]
