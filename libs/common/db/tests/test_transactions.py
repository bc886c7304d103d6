"""A unit of work takes a connection when it needs one, and every transaction of it begins in its scope."""

from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


async def scope(uow: UnitOfWork) -> tuple[str, str]:
    """What the database takes for the tenant and the scope."""
    statement = (
        "SELECT coalesce(current_setting('app.tenant_id', true), ''), "
        "coalesce(current_setting('app.scope', true), '')"
    )
    tenant, name = (await uow.session.execute(text(statement))).one()
    return tenant, name


def connections(context: ServiceContext) -> int:
    return context.engine.sync_engine.pool.checkedout()  # type: ignore[attr-defined]


async def test_a_block_without_statements_takes_no_connection(context: ServiceContext) -> None:
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert connections(context) == 0
        await scope(uow)
        assert connections(context) == 1
    assert connections(context) == 0


async def test_the_scope_holds_for_every_transaction_and_for_no_other(context: ServiceContext) -> None:
    tenant_id, other = new_id(), new_id()
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await scope(uow) == (str(tenant_id), "")
        await uow.session.rollback()
        assert await scope(uow) == (str(tenant_id), "")
        await uow.enter_platform()
        assert await scope(uow) == (str(tenant_id), "platform")
        await uow.session.rollback()
        assert await scope(uow) == (str(tenant_id), "platform")
        await uow.enter_tenant(other)
        assert await scope(uow) == (str(other), "")
    async with context.unit_of_work() as uow:
        assert await scope(uow) == ("", "")
    async with context.engine.connect() as connection:
        assert (await connection.scalar(text("SELECT current_setting('app.tenant_id', true)"))) in (None, "")


async def test_a_tenant_named_before_the_first_statement_is_the_one_seen(context: ServiceContext) -> None:
    tenant_id = new_id()
    async with context.unit_of_work(platform=True) as uow:
        await uow.enter_tenant(tenant_id)
        assert connections(context) == 0
        assert await scope(uow) == (str(tenant_id), "")


async def fail_after(context: ServiceContext, statement: str) -> None:
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(text(statement))
        raise ZeroDivisionError


async def test_an_error_rolls_all_back(context: ServiceContext) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail_after(context, "CREATE TEMPORARY TABLE rolled_back (id int) ON COMMIT PRESERVE ROWS")
    async with context.unit_of_work(platform=True) as uow:
        assert await uow.session.scalar(text("SELECT to_regclass('rolled_back')")) is None


async def test_connections_that_died_in_the_pool_are_replaced_unseen(
    context: ServiceContext, postgres_url: str
) -> None:
    async with context.unit_of_work() as first, context.unit_of_work() as second:
        pids = [await uow.session.scalar(text("SELECT pg_backend_pid()")) for uow in (first, second)]
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as administrator:
        for pid in pids:
            # Waiting for its end, or the next block would meet a connection that is only about to die.
            cursor = await administrator.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
            assert await cursor.fetchone() == (True,)
    async with context.unit_of_work() as uow:
        assert await uow.session.scalar(text("SELECT pg_backend_pid()")) not in pids


async def lose_the_connection(context: ServiceContext, administrator_url: str) -> None:
    async with context.unit_of_work() as uow:
        pid = await uow.session.scalar(text("SELECT pg_backend_pid()"))
        async with await psycopg.AsyncConnection.connect(administrator_url, autocommit=True) as administrator:
            await administrator.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        await uow.session.execute(text("SELECT 1"))


async def test_a_connection_lost_within_a_transaction_is_an_error_and_no_repeat(
    context: ServiceContext, postgres_url: str
) -> None:
    with pytest.raises(OperationalError):
        await lose_the_connection(context, postgres_url)


async def test_a_connection_that_goes_back_in_the_midst_of_a_transaction_is_undone(
    context: ServiceContext,
) -> None:
    async with context.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute("BEGIN")
        await driver.execute("CREATE TEMPORARY TABLE heap ()")
    assert driver.pgconn.transaction_status == TransactionStatus.IDLE
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert await uow.transaction.driver() is driver
        assert await uow.session.scalar(text("SELECT to_regclass('heap')")) is None
