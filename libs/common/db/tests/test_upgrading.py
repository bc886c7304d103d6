"""A migration changes a table while connections know statements of it: nobody fails for longer than one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import Uuid, bindparam, select, text
from sqlalchemy.exc import DBAPIError

from libs.common.db.direct import Direct, all_of, insert_of, read
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.problems import from_database
from libs.common.ids import new_id
from libs.common.messaging.tests.parcels.service import SERVICE, Parcel
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings

PUT = Direct(insert_of(Parcel))
COUNTED = Direct(select(Parcel.counted).where(Parcel.id == bindparam("parcel_id", type_=Uuid())))
LATEST = Direct(select(Parcel.latest).where(Parcel.id == bindparam("parcel_id", type_=Uuid())))

Ask = Callable[[UnitOfWork, Any], Awaitable[list[tuple[Any, ...]]]]


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


async def first(uow: UnitOfWork, parcel_id: Any) -> list[tuple[Any, ...]]:
    return await COUNTED.all(uow, parcel_id=parcel_id)


async def at_once(uow: UnitOfWork, parcel_id: Any) -> list[tuple[Any, ...]]:
    return await COUNTED.all_at_once(uow, parcel_id=parcel_id)


async def several(uow: UnitOfWork, parcel_id: Any) -> list[tuple[Any, ...]]:
    one = {"parcel_id": parcel_id}
    return (await read(uow, (LATEST, one), (COUNTED, one)))[1]


async def later(uow: UnitOfWork, parcel_id: Any) -> list[tuple[Any, ...]]:
    one = {"parcel_id": parcel_id}
    await LATEST.all(uow, parcel_id=parcel_id)
    return (await all_of(uow, (COUNTED, one), (LATEST, one)))[0]


async def by_session(uow: UnitOfWork, parcel_id: Any) -> list[tuple[Any, ...]]:
    # Often enough for the driver to prepare it.
    for _ in range(6):
        found = await uow.session.execute(
            text("SELECT counted FROM parcels.parcels WHERE id = :id"), {"id": parcel_id}
        )
    return [tuple(row) for row in found]


async def ask_across_a_migration(context: ServiceContext, ask: Ask) -> Callable[[], Awaitable[Any]]:
    """Ask, change the table, and hand back how to ask again."""
    tenant_id, parcel_id = new_id(), new_id()

    async def asked() -> list[tuple[Any, ...]]:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            return await ask(uow, parcel_id)

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, tenant_id=tenant_id, id=parcel_id, latest=1, counted=7)
    assert await asked() == [(7,)]
    with psycopg.connect(context.common.database_url, autocommit=True) as administrator:
        administrator.execute("ALTER TABLE parcels.parcels ALTER COLUMN counted TYPE bigint")
    return asked


@pytest.mark.parametrize("ask", [first, at_once, several])
async def test_what_begins_with_an_outdated_statement_is_done_all_the_same(
    context: ServiceContext, ask: Ask
) -> None:
    asked = await ask_across_a_migration(context, ask)
    assert await asked() == [(7,)]


@pytest.mark.parametrize("ask", [later, by_session])
async def test_what_meets_one_later_is_to_be_tried_again_and_succeeds(
    context: ServiceContext, ask: Ask
) -> None:
    asked = await ask_across_a_migration(context, ask)
    with pytest.raises(DBAPIError) as caught:
        await asked()
    problem = from_database(caught.value)
    assert (problem.status, problem.slug) == (503, "unavailable")
    assert await asked() == [(7,)]
