"""A unit of work that is cancelled, at whichever moment and however often: its connection goes back, its work is whole or gone."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from libs.common.db.direct import Direct, insert_of
from libs.common.ids import new_id
from libs.common.messaging.tests.parcels.service import SERVICE, Parcel
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually

PUT = Direct(insert_of(Parcel))
ALL = Direct(select(Parcel.id))

Work = Callable[[ServiceContext, UUID], Coroutine[Any, Any, None]]


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    """A service with two connections at most, of which one is for the background."""
    context = ServiceContext(SERVICE, fresh_database(SERVICE).model_copy(update={"pool_size": 1}))
    yield context
    await context.close()


class Cancelled:
    """Work whose task is cancelled when it waits for the `first` time (counted from 0) and the next `times - 1` times."""

    def __init__(self, work: Coroutine[Any, Any, None], first: int, times: int) -> None:
        self._work = work
        self._moments = range(first, first + times)
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, None]:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        assert task is not None
        step, given = self._work.send, None
        while True:
            try:
                waited_for = step(given)
            except StopIteration:
                return
            if self.waits in self._moments:
                loop.call_soon(task.cancel)
            self.waits += 1
            try:
                step, given = self._work.send, (yield waited_for)
            except BaseException as error:
                step, given = self._work.throw, error


def parcel(tenant_id: UUID) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "id": new_id(), "latest": 1, "counted": 0}


async def on_the_driver(context: ServiceContext, tenant_id: UUID) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await ALL.all(uow)
        uow.write(PUT, parcel(tenant_id), parcel(tenant_id))


async def in_a_session(context: ServiceContext, tenant_id: UUID) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        uow.session.add(Parcel(**parcel(tenant_id)))
        await uow.flush()
        async with uow.session.begin_nested():
            uow.session.add(Parcel(**parcel(tenant_id)))


async def on_both(context: ServiceContext, tenant_id: UUID) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **parcel(tenant_id))
        uow.session.add(Parcel(**parcel(tenant_id)))


async def failing(context: ServiceContext, tenant_id: UUID) -> None:
    with suppress(IntegrityError):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            row = parcel(tenant_id)
            await PUT.run(uow, **row)
            await PUT.run(uow, **row)


async def connecting(context: ServiceContext, tenant_id: UUID) -> None:
    await context.engine.dispose()
    with context.background.turn():
        await on_the_driver(context, tenant_id)


def taken(context: ServiceContext) -> int:
    """How many connections are out of the pool, and places of the background in use."""
    pool: Any = context.engine.sync_engine.pool
    return int(pool.checkedout()) + int(context.background.in_use._value.get())


@pytest.mark.parametrize("times", [1, 2, 50])
@pytest.mark.parametrize("work", [on_the_driver, in_a_session, on_both, failing, connecting])
async def test_nothing_is_left_of_work_that_is_cancelled_wherever_it_waits(
    context: ServiceContext, work: Work, times: int
) -> None:
    first, was_cancelled = 0, True
    while was_cancelled:
        tenant_id = new_id()
        await on_the_driver(context, new_id())
        cancelled = Cancelled(work(context, tenant_id), first, times)

        async def do(cancelled: Cancelled = cancelled) -> None:
            await cancelled

        task = asyncio.create_task(do())
        async with asyncio.timeout(30):
            await asyncio.wait({task})
        assert task.cancelled() or task.exception() is None, first
        await eventually(lambda: taken(context) == 0)
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            assert len(await ALL.all(uow)) in (0, 2), first
        async with context.engine.connect() as connection:
            left = await connection.scalar(text("SELECT current_setting('app.tenant_id', true)"))
        assert not left, first
        was_cancelled = cancelled.waits > first
        first += 1
    assert first > 2
