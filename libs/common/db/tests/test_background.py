"""What works in the background leaves connections to requests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import metrics
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    """A service with six connections at most, of which two are for the background."""
    settings = fresh_database(SERVICE).model_copy(update={"pool_size": 3})
    context = ServiceContext(SERVICE, settings)
    yield context
    await context.close()


def held() -> float:
    """How many connections the background holds, by the metric."""
    return metrics.database_background_connections.labels(SERVICE.name)._value.get()


def waiting() -> float | None:
    """How many wait for a connection, by the metric."""
    return REGISTRY.get_sample_value("pillars_database_connections_waiting", {"service": SERVICE.name})


async def ask(context: ServiceContext) -> None:
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(text("SELECT 1"))


class Work:
    """Pieces of work in the background, each of which holds a connection until it is let go."""

    def __init__(self, context: ServiceContext) -> None:
        self.context = context
        self.let_go = asyncio.Event()
        self.inside = self.most = self.done = 0

    async def __call__(self) -> None:
        with self.context.background.turn():
            async with self.context.unit_of_work(platform=True) as uow:
                await uow.session.execute(text("SELECT 1"))
                self.inside += 1
                self.most = max(self.most, self.inside)
                await self.let_go.wait()
                self.inside -= 1
        self.done += 1


async def test_requests_find_connections_while_the_background_wants_all(context: ServiceContext) -> None:
    work = Work(context)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(work())
        await eventually(lambda: work.inside == context.background.places == 2)
        for _ in range(5):
            async with asyncio.timeout(30):
                await asyncio.gather(*(ask(context) for _ in range(4)))
        assert (work.most, held()) == (2, 2)
        work.let_go.set()
    assert (work.done, work.most, held()) == (20, 2, 0)


async def test_who_waits_for_a_connection_is_shown_in_the_metrics(context: ServiceContext) -> None:
    work = Work(context)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(5):
            tasks.create_task(work())
        await eventually(lambda: work.inside == 2)
        await eventually(lambda: waiting() == 3)
        work.let_go.set()
    assert waiting() == 0


async def test_requests_may_have_all_that_is_free(context: ServiceContext) -> None:
    assert len(await backends(context, 6)) == 6


async def test_work_that_holds_a_connection_gets_another_at_once(context: ServiceContext) -> None:
    async def twice() -> None:
        with context.background.turn():
            async with context.unit_of_work(platform=True) as outer:
                await outer.session.execute(text("SELECT 1"))
                await asyncio.gather(ask(context), ask(context))

    async with asyncio.timeout(30):
        await asyncio.gather(*(twice() for _ in range(2)))
    assert held() == 0


async def test_tasks_of_one_work_share_its_place(context: ServiceContext) -> None:
    async with asyncio.timeout(30):
        with context.background.turn():
            await asyncio.gather(*(ask(context) for _ in range(4)))
    work = Work(context)
    work.let_go.set()
    await asyncio.gather(*(work() for _ in range(4)))
    assert (work.done, held()) == (4, 0)


async def test_a_connection_that_was_lost_or_never_came_keeps_no_place(context: ServiceContext) -> None:
    async def lose() -> None:
        with context.background.turn():
            async with context.unit_of_work(platform=True) as uow:
                await uow.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    for _ in range(3):
        with pytest.raises(DBAPIError):
            await lose()
    waiting = Work(context)
    tasks = [asyncio.create_task(waiting()) for _ in range(4)]
    await eventually(lambda: waiting.inside == 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    waiting.let_go.set()

    async with asyncio.timeout(10):
        await asyncio.gather(*(waiting() for _ in range(3)))
    assert (waiting.done, held()) == (3, 0)


async def test_another_service_takes_it_for_a_request(
    context: ServiceContext, fresh_database: Callable[..., CommonSettings]
) -> None:
    other = ServiceContext(SERVICE, context.common)
    try:
        with context.background.turn():
            async with other.unit_of_work(platform=True) as uow:
                await uow.session.execute(text("SELECT 1"))
                assert held() == 0
    finally:
        await other.close()


async def test_no_connection_is_left_open_behind_it(context: ServiceContext) -> None:
    with context.background.turn():
        await ask(context)
    await context.close()
    with psycopg.connect(context.common.database_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()",
            (f"pillars-{SERVICE.name}",),
        ).fetchone()
    assert row == (0,)


async def backends(context: ServiceContext, count: int) -> set[int]:
    """Work of so many at once; which sessions of the server did it."""
    barrier = asyncio.Barrier(count)

    async def ask_together() -> int:
        async with context.unit_of_work(platform=True) as uow:
            pid = (await uow.session.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await barrier.wait()
            return int(pid)

    async with asyncio.timeout(30):
        return set(await asyncio.gather(*(ask_together() for _ in range(count))))


def idle(context: ServiceContext) -> int:
    """How many connections the pool holds while nobody works."""
    pool: Any = context.engine.sync_engine.pool
    return int(pool.checkedin())


async def test_a_burst_finds_the_connections_of_the_last_one(context: ServiceContext) -> None:
    first = await backends(context, 6)
    assert idle(context) == 6
    await ask(context)
    assert await backends(context, 6) == first


async def test_what_no_burst_needs_any_more_is_closed(context: ServiceContext) -> None:
    pool: Any = context.engine.sync_engine.pool
    await backends(context, 6)
    type(pool).burst_seconds = 0.0
    for left in (5, 4, 3, 3):
        await ask(context)
        assert idle(context) == left
    # As many may come again.
    assert len(await backends(context, 6)) == 6


async def session_of(context: ServiceContext) -> int:
    """Which session of the server does a statement on the driver."""
    async with context.unit_of_work(platform=True) as uow:
        return (await uow.transaction.driver()).info.backend_pid


async def test_an_idle_connection_is_taken_and_given_back_without_waiting(context: ServiceContext) -> None:
    pool: Any = context.engine.sync_engine.pool
    first = await session_of(context)
    with pytest.raises(StopIteration) as taken:
        pool.take().send(None)
    connection = taken.value.value
    assert (connection.driver_connection.info.backend_pid, pool.checkedout()) == (first, 1)
    with pytest.raises(StopIteration):
        pool.give_back(connection).send(None)
    assert (pool.checkedout(), idle(context)) == (0, 1)


@pytest.mark.parametrize("what", ["old", "of a server that was lost"])
async def test_a_connection_that_is_no_good_any_more_is_made_anew(context: ServiceContext, what: str) -> None:
    pool: Any = context.engine.sync_engine.pool
    first = await session_of(context)
    if what == "old":
        pool._recycle = 0
    else:
        pool._invalidate_time = float("inf")
    second = await session_of(context)
    pool._recycle, pool._invalidate_time = 1800, 0
    assert second != first
    assert await session_of(context) == second
    assert (pool.checkedout(), idle(context)) == (0, 1)
    assert metrics.database_connections.labels(SERVICE.name)._value.get() == 0


async def test_a_connection_that_grows_too_old_while_it_is_taken_is_made_anew(
    context: ServiceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool: Any = context.engine.sync_engine.pool
    first = await session_of(context)
    looks = count(time.time() + 1800 - 0.3, 0.5)
    with monkeypatch.context() as clock:
        clock.setattr(time, "time", lambda: next(looks))
        connection = await pool.take()
    assert connection.driver_connection.info.backend_pid != first
    await pool.give_back(connection)


async def test_a_connection_is_kept_though_the_burst_ends_while_it_is_given_back(
    context: ServiceContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pool: Any = context.engine.sync_engine.pool
    taken = [await pool.take() for _ in range(4)]
    for connection in taken[1:]:
        await pool.give_back(connection)
    looks = count(pool._burst_at + pool.burst_seconds - 0.5, 1.0)
    with monkeypatch.context() as clock:
        clock.setattr(time, "monotonic", lambda: next(looks))
        with pytest.raises(StopIteration):
            pool.give_back(taken[0]).send(None)
    assert (pool.checkedout(), idle(context)) == (0, 4)
    assert not caplog.records


async def test_connections_that_could_not_be_made_do_not_count(
    context: ServiceContext, postgres_url: str
) -> None:
    await session_of(context)
    database = sql.Identifier(str(context.engine.url.database))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (context.engine.url.database,),
        )
        for _ in range(3):
            with pytest.raises(DBAPIError):
                await session_of(context)
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))
    in_use = metrics.database_connections.labels(SERVICE.name)._value
    assert in_use.get() == 0
    async with context.unit_of_work(platform=True) as uow:
        await uow.transaction.driver()
        assert in_use.get() == 1
    assert in_use.get() == 0
