"""The transaction of a unit of work: on the driver's connection, until somebody asks for a session, which then leads.

It begins in its scope, in one round trip with its first statements. A pooled connection that has died is replaced then,
and they are sent again; nothing else was at stake.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.util import greenlet_spawn

from libs.common.db.background import SharedPool
from libs.common.db.engine import HAS_SERVED, SCOPE
from libs.common.db.exchange import Answer, Driver, Message, exchange, forget, is_idle, is_lost, is_outdated
from libs.common.db.tenancy import Scope

COMMIT, ROLLBACK = Message("COMMIT"), Message("ROLLBACK")


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
        self._pooled: PoolProxiedConnection | None = None
        self._joined: AsyncConnection | None = None
        self._driver: Driver | None = None
        self._has_begun = False

    @property
    def session(self) -> AsyncSession:
        """The SQLAlchemy session, made when it is first asked for; it joins the transaction where one runs."""
        if self._session is None:
            bind = {}
            if self._pooled is not None:
                engine = self._engine.sync_engine
                self._joined = AsyncConnection(self._engine, Connection(engine, connection=self._pooled))
                bind = {"bind": self._joined}
            self._session = self._sessions(execution_options={SCOPE: self.scope}, **bind)
        return self._session

    def knows(self, row: Any) -> bool:
        """Whether the session holds this object, and so writes its changes."""
        return self._session is not None and row in self._session

    async def driver(self) -> Driver:
        """The driver's connection of the running transaction, which begins here if none runs yet."""
        await self._connect()
        if self._begins:
            await self.exchange([])
        return await self._connect()

    async def exchange(self, messages: Sequence[Message]) -> list[Answer]:
        """Send statements together, and what begins the transaction before them if none runs yet.

        Raises:
            DBAPIError: one of them failed; those after it were not run.
        """
        driver = await self._connect()
        if self._begins:
            opening = self.scope.opening_messages()
            answers = await self._begin_with([*opening, *messages])
            self._has_begun = True
            return answers[len(opening) :]
        try:
            return await exchange(driver, messages)
        except psycopg.Error as error:
            raise translated(error, driver) from error

    async def read(self, messages: Sequence[Message]) -> list[Answer]:
        """Send statements that only read: as part of what runs, or else as a transaction of their own."""
        if self._has_begun or self._session is not None:
            return await self.exchange(messages)
        return await self.read_at_once(messages)

    async def read_at_once(self, messages: Sequence[Message]) -> list[Answer]:
        """Send statements that only read, as a transaction of their own that ends with this round trip."""
        try:
            return (await self._begin_with([self.scope.reading_message(), *messages]))[1:]
        finally:
            await self.close()

    async def _begin_with(self, messages: Sequence[Message]) -> list[Answer]:
        was_forgotten = False
        while True:
            driver = await self._connect()
            try:
                answers = await exchange(driver, messages)
            except psycopg.Error as error:
                if _must_prepare_anew(error) and not was_forgotten:
                    forget(driver)
                    was_forgotten = True
                    await exchange(driver, [ROLLBACK])
                elif not await self._replaces_lost(driver):
                    raise translated(error, driver) from error
            else:
                assert self._pooled is not None
                self._pooled.info[HAS_SERVED] = True
                return answers

    async def flush(self) -> None:
        """Write what the session has pending."""
        session = self._session
        if session is not None and (session.new or session.dirty or session.deleted):
            await session.flush()

    async def rescope(self) -> None:
        """Let what is left of a running transaction see the scope as it is now."""
        if self._has_begun or self._is_led_by_session:
            await self.exchange([self.scope.message()])

    async def commit(self, messages: Sequence[Message] = ()) -> list[Answer]:
        """Commit what runs, in one round trip with statements that are to be run before.

        Raises:
            DBAPIError: a statement failed, now or before; nothing is committed.
        """
        answers: list[Answer] = []
        if messages:
            # It has begun by now, so that no COMMIT is ever sent again.
            await self.driver()
            answers = await self.exchange([*messages, COMMIT])
            self._has_begun = False
        driver = self._driver
        if driver is not None and driver.pgconn.transaction_status == TransactionStatus.INERROR:
            raise translated(psycopg.errors.InFailedSqlTransaction("a statement of it has failed"), driver)
        if self._is_led_by_session:
            await self.session.commit()
        elif self._has_begun:
            await self.exchange([COMMIT])
        self._has_begun = False
        if self._session is None:
            await self.close()
        return answers

    async def close(self) -> None:
        """Give the connection back; what was not committed is rolled back."""
        session, joined, pooled, driver = self._session, self._joined, self._pooled, self._driver
        self._session = self._joined = self._pooled = self._driver = None
        self._has_begun = False
        if session is not None and not session.in_transaction():
            session.sync_session.close()
            session = None
        if session is None and joined is None and driver is not None and is_idle(driver):
            # There is nothing to roll back, and so nothing to wait for.
            if pooled is not None:
                await self._pool.give_back(pooled)
        elif session is not None or pooled is not None:
            # However often the task is cancelled, the connection goes back.
            await asyncio.shield(asyncio.ensure_future(_give_back(session, joined, pooled, driver)))

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
                self._driver = await _driver_of(await self._session.connection())
            else:
                if self._pooled is None:
                    self._pooled = await self._take()
                self._driver = cast(Driver, self._pooled.driver_connection)
        assert self._driver is not None
        return self._driver

    async def _take(self) -> PoolProxiedConnection:
        try:
            return await self._pool.take()
        except psycopg.Error as error:
            raise translated(error) from error

    async def _replaces_lost(self, driver: Driver) -> bool:
        """Drop a connection that was lost; whether another may do, since this one may have died in the pool."""
        pooled = self._pooled
        if pooled is None or not is_lost(driver):
            return False
        was_pooled = HAS_SERVED in pooled.info
        self._pooled = self._driver = None
        await asyncio.shield(greenlet_spawn(pooled.invalidate))
        return was_pooled

    @property
    def _pool(self) -> SharedPool:
        return cast(SharedPool, self._engine.sync_engine.pool)


def _must_prepare_anew(error: psycopg.Error) -> bool:
    """Whether what was prepared on a connection was removed by somebody, or is of another time than the tables."""
    return isinstance(error, psycopg.errors.InvalidSqlStatementName) or is_outdated(error)


async def _driver_of(connection: AsyncConnection) -> Any:
    known = connection.sync_connection
    if known is None or known.invalidated:
        return (await connection.get_raw_connection()).driver_connection
    return known.connection.driver_connection


def translated(error: psycopg.Error, driver: Driver | None = None, sql: str | None = None) -> DBAPIError:
    """An error of the driver as SQLAlchemy names it, without any value."""
    was_lost = driver is not None and is_lost(driver)
    found = DBAPIError.instance(
        sql, None, error, psycopg.Error, hide_parameters=True, connection_invalidated=was_lost
    )
    assert isinstance(found, DBAPIError)
    return found


async def _give_back(
    session: AsyncSession | None,
    joined: AsyncConnection | None,
    pooled: PoolProxiedConnection | None,
    driver: Driver | None,
) -> None:
    try:
        if session is not None:
            await session.close()
    finally:
        if pooled is not None:
            if driver is not None:
                await _roll_back(joined, pooled, driver)
            await (greenlet_spawn(pooled.close) if joined is None else joined.close())


async def _roll_back(joined: AsyncConnection | None, pooled: PoolProxiedConnection, driver: Driver) -> None:
    """Undo what runs; not by the driver, which would remove all prepared statements too."""
    try:
        if not is_idle(driver):
            await exchange(driver, [ROLLBACK])
    except psycopg.Error:
        await (greenlet_spawn(pooled.invalidate) if joined is None else joined.invalidate())
