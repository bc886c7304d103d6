"""The engine of one service, with pool limits, server-side time limits, metrics and trace spans.

A transaction begins with one round trip that also sets its scope and shows that the pooled connection still lives.
The driver is therefore in its autocommit mode and BEGIN is sent here; COMMIT and ROLLBACK are the driver's own.
"""

import time
from typing import Any

import psycopg
from opentelemetry import trace
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import PoolResetState
from sqlalchemy.util import await_only

from libs.common import metrics
from libs.common.db.background import Background, SharedPool, give_place_back
from libs.common.db.exchange import forget, is_idle
from libs.common.db.passwords import Passwords
from libs.common.db.tenancy import Scope
from libs.common.http.gate import PATIENCE_SECONDS
from libs.common.settings import with_driver

# The execution option of a session that carries its scope.
SCOPE = "pillars_scope"
_NO_SCOPE = Scope()
# The mark of a pooled connection that worked before.
HAS_SERVED = "has_served"
# That of one that counts as in use.
_COUNTED = "counted"


def make_engine(
    url: str, *, pool_size: int = 10, application: str = "pillars", background: Background
) -> AsyncEngine:
    """An engine as one service uses it; `background` bounds what handlers and jobs hold of its connections.

    Statements are limited to 30 s and idle transactions to 60 s, so that a stuck process holds no lock for long.
    """
    # Named as one of the library's, so that its log is as quiet as theirs.
    named = {"background": background, "kept": pool_size, "__module__": "sqlalchemy.pool"}
    pool: type[SharedPool] = type("ServicePool", (SharedPool,), named)
    engine = create_async_engine(
        with_driver(url),
        poolclass=pool,
        pool_size=2 * pool_size,
        max_overflow=0,
        # As long as a request waits to be let in: where handlers and jobs hold the connections, their turn ends first.
        pool_timeout=PATIENCE_SECONDS,
        pool_recycle=1800,
        pool_use_lifo=True,
        # `_reset` does it where there is something to undo.
        pool_reset_on_return=None,
        # Errors are logged and kept with dead letters; values of rows have no place there.
        hide_parameters=True,
        connect_args={
            "autocommit": True,
            "application_name": application,
            "connect_timeout": 3,
            "options": "-c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000 -c timezone=UTC",
        },
    )
    event.listen(engine.sync_engine, "begin", _begin)
    for name in ("rollback", "rollback_savepoint"):
        event.listen(engine.sync_engine, name, _forget)
    event.listen(engine.sync_engine.pool, "reset", _reset)
    try_patiently(engine)
    event.listen(engine.sync_engine.pool, "checkin", give_place_back)
    service = application.removeprefix("pillars-")
    metrics.database_connections_limit.labels(service).set(2 * pool_size)
    metrics.database_connections_waiting.labels(service).set_function(lambda: pool.waiting)
    observe(engine, service)
    return engine


def background_places(pool_size: int) -> int:
    """How many of its connections a service has for handlers and jobs: less than half, and one at least."""
    return max(1, pool_size - 1)


def try_patiently(engine: AsyncEngine) -> None:
    """Let a new connection that took too long be tried once more, with each password that the URL carries."""
    passwords = Passwords(engine.url.password or "")

    def connect(dialect: Any, record: Any, arguments: Any, options: Any) -> Any:
        if len(passwords) == 1:
            return _connect(dialect, arguments, options)
        failure: Exception | None = None
        for password in passwords.in_order():
            try:
                connection = _connect(dialect, arguments, {**options, "password": password})
            except dialect.loaded_dbapi.OperationalError as error:
                failure = error
            else:
                passwords.worked(password)
                return connection
        assert failure is not None
        raise failure

    event.listen(engine.sync_engine, "do_connect", connect)


def _connect(dialect: Any, arguments: Any, options: Any) -> Any:
    try:
        return dialect.connect(*arguments, **options)
    except psycopg.errors.ConnectionTimeout:
        # The time in which this process was too busy to look counts too: the server may have answered at once.
        return dialect.connect(*arguments, **options)


def _begin(connection: Connection) -> None:
    """Begin a transaction in its scope, or join the one that runs; a connection that died in the pool is replaced."""
    driver: Any = connection.connection.driver_connection
    if driver.pgconn.transaction_status == TransactionStatus.INTRANS:
        await_only(driver.execute("SET LOCAL plan_cache_mode = auto"))
        return
    opening = connection.get_execution_options().get(SCOPE, _NO_SCOPE).opening()
    while True:
        driver = connection.connection.driver_connection
        try:
            # Several statements at once cannot be prepared.
            await_only(driver.execute(opening, prepare=False))
        except psycopg.Error as error:
            is_lost = bool(driver.closed or driver.broken)
            was_pooled = is_lost and HAS_SERVED in connection.info
            if is_lost:
                connection.invalidate(error)
            if was_pooled:
                continue
            raise OperationalError("BEGIN", None, error, connection_invalidated=is_lost) from error
        connection.info[HAS_SERVED] = True
        return


def _forget(connection: Connection, *_: Any) -> None:
    if not connection.invalidated:
        _forget_running(connection.connection)


def _forget_running(adapted: Any) -> None:
    if not is_idle(adapted.driver_connection):
        forget(adapted.driver_connection)


def _reset(adapted: Any, _: Any, state: PoolResetState) -> None:
    """Undo what still runs on a connection that goes back to the pool; nearly always nothing does."""
    _forget_running(adapted)
    if state.asyncio_safe and not is_idle(adapted.driver_connection):
        adapted.rollback()


def observe(engine: AsyncEngine, service: str) -> None:
    """Time statements, those sent together once, count the connections in use, and add spans where a trace runs."""
    seconds = metrics.database_seconds.labels(service)
    in_use = metrics.database_connections.labels(service)
    tracer = trace.get_tracer("pillars.database")

    def begin(
        connection: Any, cursor: Any, statement: str, parameters: Any, execution: Any, many: bool
    ) -> None:
        execution.started = time.perf_counter()
        execution.span = None
        if trace.get_current_span().is_recording():
            verb = statement.lstrip()[:6].strip().upper()
            execution.span = tracer.start_span(f"db {verb}", attributes={"db.system.name": "postgresql"})

    def end(
        connection: Any, cursor: Any, statement: str, parameters: Any, execution: Any, many: bool
    ) -> None:
        if execution.started is not None:
            seconds.observe(time.perf_counter() - execution.started)
        if execution.span is not None:
            execution.span.end()

    def failed(failure: Any) -> None:
        span = getattr(failure.execution_context, "span", None)
        if span is not None:
            span.set_status(trace.StatusCode.ERROR)
            span.end()

    def taken(_: Any, record: Any, __: Any) -> None:
        record.record_info[_COUNTED] = True
        in_use.inc()

    def given_back(_: Any, record: Any) -> None:
        # One that could not be made comes back as well, without having been taken.
        if record.record_info.pop(_COUNTED, False):
            in_use.dec()

    sync = engine.sync_engine
    event.listen(sync, "before_cursor_execute", begin)
    event.listen(sync, "after_cursor_execute", end)
    event.listen(sync, "handle_error", failed)
    event.listen(sync.pool, "checkout", taken)
    event.listen(sync.pool, "checkin", given_back)


def make_sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """The session factory; rows stay readable after the commit."""
    return async_sessionmaker(engine, expire_on_commit=False, autoflush=False)
