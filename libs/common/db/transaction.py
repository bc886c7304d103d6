"""The transaction of a unit of work: on the driver's connection, until somebody asks for a session, which then leads.

It begins in its scope, in one round trip with its first statements. A pooled connection that has died is replaced then,
and they are sent again; nothing else was at stake.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from libs.common.db.engine import HAS_SERVED, SCOPE
from libs.common.db.tenancy import Scope

T = TypeVar("T")
Driver = psycopg.AsyncConnection[Any]
_IDLE, _FAILED = TransactionStatus.IDLE, TransactionStatus.INERROR


class Transaction:
    """One transaction at a time, on a connection that is taken with its first statement.

    Attributes:
        scope: whose rows are in reach.
    """

    def __init__(self, engine: AsyncEngine, sessions: async_sessionmaker[AsyncSession], scope: Scope) -> None:
        self.scope = scope
        self._engine = engine
        self._sessions = sessions
        self._session: AsyncSession | None = None
        self._connection: AsyncConnection | None = None
        self._driver: Driver | None = None
        self._has_begun = False

    @property
    def session(self) -> AsyncSession:
        """The SQLAlchemy session, made when it is first asked for; it joins the transaction where one runs."""
        if self._session is None:
            bind = {} if self._connection is None else {"bind": self._connection}
            self._session = self._sessions(execution_options={SCOPE: self.scope}, **bind)
        return self._session

    def knows(self, row: Any) -> bool:
        """Whether the session holds this object, and so writes its changes."""
        return self._session is not None and row in self._session

    async def driver(self) -> Driver:
        """The driver's connection of the running transaction, which begins here if none runs yet."""
        await self._connect()
        if self._begins:
            await self.in_one_round_trip(_nothing)
        return await self._connect()

    async def run(self, send: Callable[[Driver], Awaitable[T]]) -> T:
        """Send one statement, and what begins the transaction before it if none runs yet."""
        driver = await self._connect()
        return await (self.in_one_round_trip(send) if self._begins else send(driver))

    async def in_one_round_trip(self, send: Callable[[Driver], Awaitable[T]]) -> T:
        """Send some statements together. None of them may need what another one answered.

        An error of any of them comes at the end; those after it are not run. `send` may be called again.
        """
        driver = await self._connect()
        if self._begins:
            sent = await self._begin_with(self.scope.open, send)
            self._has_begun = True
            return sent
        try:
            async with driver.pipeline():
                return await send(driver)
        except psycopg.Error as error:
            raise translated(error, driver) from error

    async def read_at_once(self, send: Callable[[Driver], Awaitable[T]]) -> T:
        """Send statements that only read, as a transaction of their own that ends with this round trip."""
        try:
            return await self._begin_with(self.scope.open_reading, send)
        finally:
            await self.close()

    async def _begin_with(
        self, begin: Callable[[Driver], Awaitable[None]], send: Callable[[Driver], Awaitable[T]]
    ) -> T:
        while True:
            driver = await self._connect()
            try:
                async with driver.pipeline():
                    await begin(driver)
                    sent = await send(driver)
            except psycopg.Error as error:
                failure = translated(error, driver)
            except DBAPIError as error:
                failure = error
            else:
                info_of(self._connection)[HAS_SERVED] = True
                return sent
            if not await self._replaces_lost(driver):
                raise failure

    async def flush(self) -> None:
        """Write what the session has pending."""
        session = self._session
        if session is not None and (session.new or session.dirty or session.deleted):
            await session.flush()

    async def rescope(self) -> None:
        """Let what is left of a running transaction see the scope as it is now."""
        if self._has_begun or self._is_led_by_session:
            await self.scope.enter(await self._connect())

    async def commit(self, send: Callable[[Driver], Awaitable[None]] | None = None) -> None:
        """Commit what runs, in one round trip with what is to be sent before.

        Raises:
            DBAPIError: a statement failed, now or before; nothing is committed.
        """
        if send is not None:
            # It has begun by now, so that no COMMIT is ever sent again.
            await self.driver()
            await self.in_one_round_trip(_then_commit(send))
            self._has_begun = False
        driver = self._driver
        if driver is not None and driver.pgconn.transaction_status == _FAILED:
            raise translated(psycopg.errors.InFailedSqlTransaction("a statement of it has failed"), driver)
        if self._is_led_by_session:
            await self.session.commit()
        elif self._has_begun and driver is not None:
            await driver.execute("COMMIT")
        self._has_begun = False
        if self._session is None:
            await self.close()

    async def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        session, connection, driver = self._session, self._connection, self._driver
        self._session = self._connection = self._driver = None
        self._has_begun = False
        if session is not None and not session.in_transaction():
            session.sync_session.close()
            session = None
        if session is None and driver is not None and driver.pgconn.transaction_status == _IDLE:
            # There is nothing to roll back, and so nothing to wait for.
            if connection is not None:
                await connection.close()
        elif session is not None or connection is not None:
            # However often the task is cancelled, the connection goes back.
            await asyncio.shield(asyncio.ensure_future(_give_back(session, connection, driver)))

    @property
    def _is_led_by_session(self) -> bool:
        return self._session is not None and self._session.in_transaction()

    @property
    def _begins(self) -> bool:
        """Whether the next statement on the connection is the first one."""
        return not self._has_begun and not self._is_led_by_session

    async def _connect(self) -> Driver:
        if self._session is not None and not self._session.in_transaction():
            # It begins, or joins what has begun without it.
            self._driver = None
        if self._driver is None:
            if self._session is not None:
                connection = await self._session.connection()
            elif self._connection is not None:
                connection = self._connection
            else:
                connection = self._connection = await self._engine.connect()
            self._driver = (await connection.get_raw_connection()).driver_connection
        assert self._driver is not None
        return self._driver

    async def _replaces_lost(self, driver: Driver) -> bool:
        """Drop a connection that was lost; whether another may do, since this one may have died in the pool."""
        connection = self._connection
        if connection is None or not is_lost(driver):
            return False
        was_pooled = HAS_SERVED in info_of(connection)
        await connection.invalidate()
        await connection.close()
        self._connection = self._driver = None
        return was_pooled


def is_lost(driver: Driver) -> bool:
    """Whether nothing can be sent on it any more."""
    return bool(driver.closed or driver.broken)


def info_of(connection: AsyncConnection | None) -> dict[Any, Any]:
    """What is noted of a pooled connection."""
    assert connection is not None
    assert connection.sync_connection is not None
    return connection.sync_connection.info


def translated(error: psycopg.Error, driver: Driver, sql: str | None = None) -> DBAPIError:
    """An error of the driver as SQLAlchemy names it, without any value."""
    found = DBAPIError.instance(
        sql, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=is_lost(driver)
    )
    assert isinstance(found, DBAPIError)
    return found


def _then_commit(send: Callable[[Driver], Awaitable[None]]) -> Callable[[Driver], Awaitable[None]]:
    async def both(driver: Driver) -> None:
        await send(driver)
        await driver.execute("COMMIT")

    return both


async def _give_back(
    session: AsyncSession | None, connection: AsyncConnection | None, driver: Driver | None
) -> None:
    try:
        if session is not None:
            await session.close()
    finally:
        if connection is not None:
            if driver is not None and is_lost(driver):
                await connection.invalidate()
            await connection.close()


async def _nothing(_: Driver) -> None:
    pass
