"""The two floors of isolation, each taken away to see that the other one holds, and what a session leaves behind."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from typing import Any

import psycopg
from sqlalchemy import event, text
from sqlalchemy.util import await_only

from deploy.e2e.isolation.catalogue import Catalogue
from libs.common.db.engine import SCOPE
from libs.common.runtime.context import ServiceContext

# A comparison of a tenant_id with a value: the application's own filter, wherever it stands.
_FILTER = re.compile(r'((?:"?\w+"?\.)*)"?tenant_id"? = %\(\w+\)s(?:::UUID)?')
_EXECUTE = "before_cursor_execute"


@asynccontextmanager
async def no_row_security(database_url: str, *only: str) -> AsyncIterator[None]:
    """Take the policies of all tables away, or of those named: what is left is the filter of the code."""
    with psycopg.connect(database_url) as connection:
        tables = [t for t in Catalogue(connection) if t.is_enabled and (not only or str(t) in only)]
    assert tables
    # Not in one transaction, which would wait for one of the suite while that waits for it.
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as switch:
        try:
            for table in tables:
                await switch.execute(f"ALTER TABLE {table.sql} DISABLE ROW LEVEL SECURITY")
            yield
        finally:
            for table in tables:
                await switch.execute(f"ALTER TABLE {table.sql} ENABLE ROW LEVEL SECURITY")


class Rewriting:
    """Changes what goes to the database, on every engine of the suite, and counts the changes."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def no_filters(self, contexts: dict[str, ServiceContext], *only: str) -> Iterator["Rewriting"]:
        """Take `tenant_id = …` out of all statements in the scope of a tenant: what is left is row-level security.

        Statements of the platform scope keep theirs, for there it is the only floor. `only` names tables.
        """
        wanted = tuple(f"{name}." for name in only)

        def rewrite(
            connection: Any, cursor: Any, statement: str, parameters: Any, execution: Any, many: bool
        ) -> tuple[str, Any]:
            # Statements on the driver's own connection say their scope themselves.
            scope = execution.scope if connection is None else execution.execution_options.get(SCOPE)
            is_platform = scope is None or scope.is_platform
            if not is_platform:
                statement, count = _FILTER.subn(
                    lambda found: "true" if not wanted or found[1] in wanted else found[0], statement
                )
                self.count += count
            return statement, parameters

        with _listening(contexts, _EXECUTE, rewrite, retval=True):
            yield self

    @asynccontextmanager
    async def session_wide(self, contexts: dict[str, ServiceContext]) -> AsyncIterator["Rewriting"]:
        """Make the scope a setting of the session, as a plain SET would; the connections are thrown away after."""

        def begin(connection: Any) -> None:
            scope = connection.get_execution_options().get(SCOPE)
            if scope is not None:
                for statement in scope.opening().split("; ")[1:]:
                    await_only(
                        connection.connection.driver_connection.execute(statement.replace(" LOCAL", ""))
                    )
                    self.count += 1

        try:
            with _listening(contexts, "begin", begin):
                yield self
        finally:
            for context in contexts.values():
                await context.engine.dispose()


@contextmanager
def _listening(
    contexts: dict[str, ServiceContext], name: str, listener: Any, **options: Any
) -> Iterator[None]:
    with ExitStack() as stack:
        for context in contexts.values():
            engine = context.engine.sync_engine
            event.listen(engine, name, listener, **options)
            stack.callback(event.remove, engine, name, listener)
        yield


async def left_behind(contexts: dict[str, ServiceContext]) -> list[str]:
    """Which pooled connections still have the scope of a transaction that ended."""
    found = []
    settings = text("SELECT current_setting('app.tenant_id', true), current_setting('app.scope', true)")
    for name, context in contexts.items():
        idle = max(context.engine.pool.checkedin(), 1)  # type: ignore[attr-defined]
        async with AsyncExitStack() as stack:
            for _ in range(idle):
                connection = await stack.enter_async_context(context.engine.connect())
                row = (await connection.execute(settings)).one()
                if any(row):
                    found.append(f"a connection of {name} still has the scope {tuple(row)}")
    return found
