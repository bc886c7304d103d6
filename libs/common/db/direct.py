"""Statements that are compiled once and run on the driver's own connection: what the hottest paths are made of.

Building a statement, finding it in a cache and running it through the ORM costs about ten times what the driver needs
for it. A `Direct` is written with SQLAlchemy's expressions like any other, its values as `bindparam`s, and runs in
the transaction of the unit of work; the engine's listeners hear of it. What the session has pending it does not write.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from sqlalchemy import Executable, bindparam, inspect
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.exc import DBAPIError

from libs.common.db.engine import HAS_SERVED

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork

M = TypeVar("M")
Row = tuple[Any, ...]
_SET_LOCAL = "SELECT set_config(%s::text, %s::text, true)"


class Direct:
    """A statement with named values: those of its `bindparam`s. Rows come as tuples in the order of its columns."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._sql: str | None = None
        self._fixed: dict[str, Any] = {}
        self._converters: dict[str, Any] = {}

    async def all(self, uow: "UnitOfWork", **values: Any) -> list[Row]:
        """Run it and read its rows."""
        rows: list[Row] = await (await self._run(uow, values)).fetchall()
        return rows

    async def first(self, uow: "UnitOfWork", **values: Any) -> Row | None:
        """Run it and read its first row, if there is one."""
        row: Row | None = await (await self._run(uow, values)).fetchone()
        return row

    async def all_at_once(self, uow: "UnitOfWork", **values: Any) -> list[Row]:
        """Read its rows in a transaction of its own, which begins and ends in the round trip of the statement.

        For what reads once and holds nothing. A pooled connection that has died is replaced, and the statement repeated.
        """
        engine = uow.context.engine
        while True:
            async with engine.connect() as connection:
                driver: Any = (await connection.get_raw_connection()).driver_connection
                try:
                    async with driver.pipeline():
                        await driver.execute("BEGIN READ ONLY")
                        for name, value in uow.scope.settings():
                            await driver.execute(_SET_LOCAL, (name, value))
                        cursor = await self._send(uow, driver, values)
                        await driver.execute("COMMIT")
                    rows: list[Row] = await cursor.fetchall()
                    connection.sync_connection.info[HAS_SERVED] = True  # type: ignore[union-attr]
                    return rows
                except psycopg.Error as error:
                    translated = _translated(error, driver, self._sql)
                except DBAPIError as error:
                    translated = error
                was_pooled = HAS_SERVED in connection.sync_connection.info  # type: ignore[union-attr]
                is_lost = bool(driver.closed or driver.broken)
                if is_lost:
                    await connection.invalidate()
                else:
                    await driver.rollback()
                if not (is_lost and was_pooled):
                    raise translated

    async def run(self, uow: "UnitOfWork", **values: Any) -> int:
        """Run it; how many rows it touched."""
        count: int = (await self._run(uow, values)).rowcount
        return count

    async def run_each(self, uow: "UnitOfWork", rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of these sets of values, all in one round trip."""
        if len(rows) == 1:
            await self._run(uow, rows[0])
        elif rows:
            await self._run(uow, rows)

    async def _run(self, uow: "UnitOfWork", values: Any) -> Any:
        return await self._send(uow, await uow.driver(), values)

    async def _send(self, uow: "UnitOfWork", driver: Any, values: Any) -> Any:
        engine = uow.context.engine.sync_engine
        if self._sql is None:
            self._compile(engine.dialect)
        sql = self._sql
        assert sql is not None
        is_many = not isinstance(values, Mapping)
        given = [self._given(row) for row in values] if is_many else self._given(values)
        execution = SimpleNamespace(started=0.0, span=None, scope=uow.scope)
        for hear in engine.dispatch.before_cursor_execute:
            # As the engine does: a listener may put another statement in its place.
            sql, given = hear(None, None, sql, given, execution, is_many)
        cursor = driver.cursor()
        try:
            if is_many:
                await cursor.executemany(sql, given)
            else:
                await cursor.execute(sql, given, prepare=True)
        except psycopg.Error as error:
            if execution.span is not None:
                execution.span.end()
            raise _translated(error, driver, sql) from error
        for hear in engine.dispatch.after_cursor_execute:
            hear(None, None, sql, given, execution, is_many)
        return cursor

    def _given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {**self._fixed, **values}
        for name, convert in self._converters.items():
            # None is NULL, for JSON too.
            if given[name] is not None:
                given[name] = convert(given[name])
        return given

    def _compile(self, dialect: Any) -> None:
        compiled: Any = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        for parameter, name in compiled.bind_names.items():
            if not parameter.required:
                self._fixed[name] = parameter.effective_value
            convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._converters[name] = convert
        self._sql = compiled.string


@asynccontextmanager
async def one_round_trip(uow: "UnitOfWork") -> AsyncIterator["psycopg.AsyncConnection[Any]"]:
    """Send the statements of the block together. None of them may need what another one answered.

    An error of any of them comes at the end of the block; those after it are not run.
    """
    driver = await uow.driver()
    try:
        async with driver.pipeline():
            yield driver
    except psycopg.Error as error:
        raise _translated(error, driver, None) from error


async def all_of(uow: "UnitOfWork", *runs: tuple[Direct, Mapping[str, Any]]) -> list[list[Row]]:
    """The rows of several statements, each with its values, in one round trip."""
    async with one_round_trip(uow):
        cursors = [await statement._run(uow, values) for statement, values in runs]
    return [await cursor.fetchall() for cursor in cursors]


def _translated(error: psycopg.Error, driver: Any, sql: str | None) -> BaseException:
    is_lost = bool(driver.closed or driver.broken)
    return DBAPIError.instance(
        sql, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=is_lost
    )


@cache
def _names(mapper: Any) -> tuple[str, ...]:
    return tuple(mapper.get_property_by_column(column).key for column in mapper.local_table.columns)


def hydrated(model: type[M], rows: Iterable[Row]) -> list[M]:
    """Rows of a model's whole table as objects that no session knows: changes are written by who reads them."""
    names = _names(inspect(model))
    found = []
    for row in rows:
        made = model()
        made.__dict__.update(zip(names, row, strict=True))
        found.append(made)
    return found


def values_of(row: Any, names: Iterable[str] | None = None) -> dict[str, Any]:
    """The values of these columns of an object (of all by default), by name."""
    return {name: getattr(row, name) for name in names or _names(inspect(type(row)))}


def insert_of(model: type[Any]) -> Insert:
    """An INSERT of a whole row of a model, each column given by its name."""
    columns = model.__table__.columns
    return insert(model.__table__).values({c.name: bindparam(c.name, type_=c.type) for c in columns})
