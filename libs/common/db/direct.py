"""Statements that are compiled once and run on the driver's own connection: what the hottest paths are made of.

Building a statement, finding it in a cache and running it through the ORM costs about ten times what the driver needs
for it. A `Direct` is written with SQLAlchemy's expressions like any other, its values as `bindparam`s, and runs in
the transaction of the unit of work; the engine's listeners hear of it. What the session has pending it does not write.
Its plan is made once for any values, unless a session takes part, so it should name its rows by their keys.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Executable, bindparam, inspect
from sqlalchemy.dialects.postgresql import Insert, insert

from libs.common.db.exchange import Answer, Message, Row
from libs.common.db.transaction import Transaction

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork

M = TypeVar("M")


class Direct:
    """A statement with named values: those of its `bindparam`s. Rows come as tuples in the order of its columns."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._sql: str | None = None
        self._fixed: dict[str, Any] = {}
        self._converters: dict[str, Any] = {}

    async def all(self, uow: "UnitOfWork", **values: Any) -> list[Row]:
        """Run it and read its rows."""
        return (await self._run(uow, values)).rows

    async def first(self, uow: "UnitOfWork", **values: Any) -> Row | None:
        """Run it and read its first row, if there is one."""
        return next(iter((await self._run(uow, values)).rows), None)

    async def run(self, uow: "UnitOfWork", **values: Any) -> int:
        """Run it; how many rows it touched."""
        return (await self._run(uow, values)).number

    async def all_at_once(self, uow: "UnitOfWork", **values: Any) -> list[Row]:
        """Read its rows in a transaction of its own, which begins and ends in the round trip of the statement.

        For what reads once and holds nothing.
        """
        transaction = Transaction(uow.context.engine, uow.context.sessions, uow.scope)
        return (await heard(uow, [(self, values)], transaction.read_at_once))[0].rows

    async def _run(self, uow: "UnitOfWork", values: Mapping[str, Any]) -> Answer:
        return (await heard(uow, [(self, values)], uow.transaction.exchange))[0]

    def bound(self, dialect: Any, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The statement and its values as the driver takes them."""
        if self._sql is None:
            self._sql = self._compile(dialect)
        return self._sql, self._given(values)

    def _given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {**self._fixed, **values}
        for name, convert in self._converters.items():
            # None is NULL, for JSON too.
            if given[name] is not None:
                given[name] = convert(given[name])
        return given

    def _compile(self, dialect: Any) -> str:
        compiled: Any = self._statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        for parameter, name in compiled.bind_names.items():
            if not parameter.required:
                self._fixed[name] = parameter.effective_value
            convert = parameter.type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                self._converters[name] = convert
        sql: str = compiled.string
        return sql


# A statement with its values.
Run = tuple[Direct, Mapping[str, Any]]


async def heard(
    uow: "UnitOfWork",
    runs: Iterable[Run],
    send: Callable[[Sequence[Message]], Awaitable[list[Answer]]],
) -> list[Answer]:
    """Let statements with their values be sent, in one round trip, while the listeners of the engine hear of it."""
    engine = uow.context.engine.sync_engine
    messages, executions = [], []
    before, after = tuple(engine.dispatch.before_cursor_execute), tuple(engine.dispatch.after_cursor_execute)
    for statement, values in runs:
        sql, given = statement.bound(engine.dialect, values)
        execution = SimpleNamespace(started=0.0, span=None, scope=uow.scope)
        for hear in before:
            # As the engine does: a listener may put another statement in its place.
            sql, given = hear(None, None, sql, given, execution, False)
        messages.append(Message(sql, given))
        executions.append(execution)
    for execution in executions[1:]:
        # They are answered together, which takes its time once.
        execution.started = None
    try:
        answers = await send(messages)
    except BaseException:
        for execution in executions:
            if execution.span is not None:
                execution.span.end()
        raise
    for message, execution in zip(messages, executions, strict=True):
        for hear in after:
            hear(None, None, message.sql, message.values, execution, False)
    return answers


async def all_of(uow: "UnitOfWork", *runs: Run) -> list[list[Row]]:
    """The rows of several statements, each with its values, in one round trip."""
    return [answer.rows for answer in await heard(uow, runs, uow.transaction.exchange)]


async def read(uow: "UnitOfWork", *runs: Run) -> list[list[Row]]:
    """The rows of several statements that only read, in one round trip.

    Where no transaction runs, theirs ends with it: no connection is held, and no COMMIT follows.
    """
    return [answer.rows for answer in await heard(uow, runs, uow.transaction.read)]


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


def unsaved(model: type[M], **values: Any) -> M:
    """A new object of a model that no session will know: it is written with `UnitOfWork.write`.

    Columns that are not named are empty, which is said here: SQLAlchemy would look for each where it is read.
    """
    made = model()
    made.__dict__.update(dict.fromkeys(_names(inspect(model))), **values)
    return made


def values_of(row: Any, names: Iterable[str] | None = None) -> dict[str, Any]:
    """The values of these columns of an object (of all by default), by name."""
    kept = row.__dict__
    # Most columns have been given a value: reading that of an attribute of SQLAlchemy costs several times as much.
    return {
        name: kept[name] if name in kept else getattr(row, name)
        for name in names or _names(inspect(type(row)))
    }


def insert_of(model: type[Any]) -> Insert:
    """An INSERT of a whole row of a model, each column given by its name."""
    columns = model.__table__.columns
    return insert(model.__table__).values({c.name: bindparam(c.name, type_=c.type) for c in columns})
