"""Statements that run straight on the driver: in the transaction and the scope of the unit of work."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import Uuid, bindparam, event, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from libs.common.db.direct import Direct, all_of, hydrated, insert_of, read, unsaved, values_of
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.tests.parcels.service import SERVICE, Parcel
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings

PUT = Direct(insert_of(Parcel))
FIND = Direct(select(Parcel.__table__).where(Parcel.id == bindparam("parcel_id", type_=Uuid())))
ALL = Direct(select(Parcel.id).order_by(Parcel.latest))


def parcel(tenant_id: UUID, **changes: Any) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "id": new_id(), "latest": 1, "counted": 0, **changes}


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


async def test_rows_of_another_tenant_are_neither_seen_nor_written(context: ServiceContext) -> None:
    mine, other = new_id(), new_id()
    row = parcel(mine)
    async with context.unit_of_work(tenant_id=mine) as uow:
        assert await PUT.run(uow, **row) == 1
        assert (await FIND.first(uow, parcel_id=row["id"])) == (mine, row["id"], 1, 0)
    async with context.unit_of_work(tenant_id=other) as uow:
        assert await FIND.first(uow, parcel_id=row["id"]) is None
        assert await all_of(uow, (ALL, {}), (FIND, {"parcel_id": row["id"]})) == [[], []]
    with pytest.raises(Exception, match="row-level security"):
        async with context.unit_of_work(tenant_id=other) as uow:
            uow.write(PUT, parcel(mine))


async def test_what_is_recorded_is_written_with_the_commit_in_its_order(context: ServiceContext) -> None:
    tenant_id = new_id()
    rows = [parcel(tenant_id, latest=n) for n in (1, 2, 3)]
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        made = hydrated(Parcel, [tuple(rows[2].values())])[0]
        uow.write(PUT, rows[0], rows[1])
        uow.write(PUT, made)
        # An object is written as it is at the flush.
        made.latest = 4
        assert await ALL.all(uow) == []
        await uow.flush()
        assert await ALL.all(uow) == [(row["id"],) for row in rows]
        found = hydrated(Parcel, [await FIND.first(uow, parcel_id=made.id) or ()])[0]
        assert values_of(found) == {**rows[2], "latest": 4}


async def test_an_error_among_writes_sent_together_undoes_them_all(context: ServiceContext) -> None:
    tenant_id = new_id()
    row = parcel(tenant_id)
    with pytest.raises(IntegrityError):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            uow.write(PUT, parcel(tenant_id), row, row, parcel(tenant_id))
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await ALL.all(uow) == []


async def test_an_error_tells_no_values(context: ServiceContext) -> None:
    tenant_id = new_id()
    row = parcel(tenant_id, counted=918_273_645)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **row)
    with pytest.raises(IntegrityError) as caught:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await PUT.run(uow, **row)
    assert "918273645" not in str(caught.value)


async def fail_and_go_on(context: ServiceContext, tenant_id: UUID) -> None:
    row = parcel(tenant_id)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **row)
        with pytest.raises(IntegrityError):
            await PUT.run(uow, **row)


async def test_a_unit_of_work_of_which_a_statement_failed_cannot_be_committed(
    context: ServiceContext,
) -> None:
    tenant_id = new_id()
    with pytest.raises(DBAPIError, match="has failed"):
        await fail_and_go_on(context, tenant_id)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await ALL.all(uow) == []


async def test_a_session_joins_the_transaction_that_runs(context: ServiceContext) -> None:
    tenant_id = new_id()
    first, second, third = (parcel(tenant_id, latest=n) for n in (1, 2, 3))
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **first)
        seen = (await uow.session.execute(select(Parcel))).scalars().all()
        assert [row.id for row in seen] == [first["id"]]
        assert context.engine.sync_engine.pool.checkedout() == 1  # type: ignore[attr-defined]
        seen[0].counted = 5
        await PUT.run(uow, **second)
        uow.write(PUT, third)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert [row[0] for row in await ALL.all(uow)] == [first["id"], second["id"], third["id"]]
        assert (await FIND.first(uow, parcel_id=first["id"]) or ())[3] == 5
    assert context.engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def lose_after_a_write(context: ServiceContext, tenant_id: UUID) -> None:
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **parcel(tenant_id))
        pid = (await uow.transaction.driver()).info.backend_pid
        with psycopg.connect(context.common.database_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        with pytest.raises(OperationalError):
            await ALL.all(uow)
        await PUT.run(uow, **parcel(tenant_id))


async def test_what_a_lost_connection_had_written_is_never_half_kept(context: ServiceContext) -> None:
    tenant_id = new_id()
    with pytest.raises(OperationalError):
        await lose_after_a_write(context, tenant_id)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await ALL.all(uow) == []


async def alone(uow: UnitOfWork) -> None:
    await ALL.run(uow)


async def together(uow: UnitOfWork) -> None:
    await all_of(uow, (ALL, {}))


async def cut_off(context: ServiceContext, ask: Callable[[UnitOfWork], Awaitable[None]]) -> None:
    """Ask on a connection that the server has ended."""
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        driver = await uow.transaction.driver()
        with psycopg.connect(context.common.database_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", [driver.info.backend_pid])
        await ask(uow)


@pytest.mark.parametrize("ask", [alone, together])
async def test_a_lost_connection_fails_one_unit_of_work_and_not_the_next(
    context: ServiceContext, ask: Callable[[UnitOfWork], Awaitable[None]]
) -> None:
    with pytest.raises(OperationalError):
        await cut_off(context, ask)
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert await ALL.all(uow) == []


async def test_the_listeners_of_the_engine_hear_of_them(context: ServiceContext) -> None:
    heard: list[str] = []
    engine = context.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: heard.append(args[2]))
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        await ALL.all(uow)
    assert [sql.split()[0] for sql in heard] == ["SELECT"]


async def test_what_was_rolled_back_leaves_nothing_and_another_transaction_follows(
    context: ServiceContext,
) -> None:
    tenant_id, told = new_id(), []
    kept = parcel(tenant_id)

    async def tell() -> None:
        told.append(1)

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **parcel(tenant_id))
        uow.session.add(Parcel(**parcel(tenant_id)))
        uow.write(PUT, parcel(tenant_id))
        uow.defer("count_parcels")
        uow.after_commit(tell)
        with pytest.raises(DBAPIError):
            await PUT.run(uow, **parcel(new_id()))
        await uow.roll_back()
        uow.write(PUT, kept)
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await ALL.all(uow) == [(kept["id"],)]
        jobs = select(context.models.job.__table__.c.id)
        assert (await uow.session.execute(jobs)).all() == []
    assert told == []


async def test_a_read_at_once_is_in_the_scope_and_leaves_nothing_behind(context: ServiceContext) -> None:
    mine, row = new_id(), new_id()
    async with context.unit_of_work(tenant_id=mine) as uow:
        uow.write(PUT, parcel(mine, id=row))
    async with context.unit_of_work(tenant_id=mine) as uow:
        assert await ALL.all_at_once(uow) == [(row,)]
        assert context.engine.sync_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert await ALL.all_at_once(uow) == []
    async with context.unit_of_work(platform=True) as uow:
        assert await ALL.all_at_once(uow) == [(row,)]
        with pytest.raises(DBAPIError, match="read-only"):
            await PUT.all_at_once(uow, **parcel(mine))
        # The connection is as good as before.
        assert await ALL.all_at_once(uow) == [(row,)]


async def test_what_only_reads_is_part_of_what_runs_and_else_holds_nothing(context: ServiceContext) -> None:
    mine, row = new_id(), new_id()
    pool: Any = context.engine.sync_engine.pool
    one = (FIND, {"parcel_id": row})
    async with context.unit_of_work(tenant_id=mine) as uow:
        assert await read(uow, (ALL, {}), one) == [[], []]
        assert pool.checkedout() == 0
        # What was written here is seen, and nothing is taken from the pool beside it.
        await PUT.run(uow, **parcel(mine, id=row))
        assert await read(uow, (ALL, {}), one) == [[(row,)], [(mine, row, 1, 0)]]
        assert pool.checkedout() == 1
    async with context.unit_of_work(tenant_id=mine) as uow:
        (await uow.session.execute(select(Parcel))).scalars().one().latest = 2
        await uow.flush()
        assert await read(uow, one) == [[(mine, row, 2, 0)]]
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert await read(uow, (ALL, {}), one) == [[], []]
        with pytest.raises(DBAPIError, match="read-only"):
            await read(uow, (PUT, parcel(mine)))
        # Nothing of it is left in what is written next.
        await PUT.run(uow, **parcel(uow.tenant_id))
    assert pool.checkedout() == 0


async def at_once(uow: UnitOfWork) -> list[Any]:
    return await ALL.all_at_once(uow)


async def first_of_all(uow: UnitOfWork) -> list[Any]:
    return await ALL.all(uow)


async def several(uow: UnitOfWork) -> list[Any]:
    return (await all_of(uow, (ALL, {}), (ALL, {})))[1]


async def written(uow: UnitOfWork) -> list[Any]:
    uow.write(PUT, parcel(uow.tenant_id))
    await uow.commit()
    return []


@pytest.mark.parametrize("ask", [at_once, first_of_all, several, written])
async def test_a_connection_that_died_in_the_pool_is_replaced_unseen(
    context: ServiceContext, ask: Callable[[UnitOfWork], Awaitable[list[Any]]]
) -> None:
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        pid = (await uow.transaction.driver()).info.backend_pid
    with psycopg.connect(context.common.database_url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert await ask(uow) == []


async def test_the_time_of_statements_sent_together_counts_once(context: ServiceContext) -> None:
    def counted() -> float:
        found = REGISTRY.get_sample_value("pillars_database_seconds_count", {"service": context.service.name})
        return found or 0

    async with context.unit_of_work(tenant_id=new_id()) as uow:
        await ALL.run(uow)
        before = counted()
        await all_of(uow, (ALL, {}), (ALL, {}), (ALL, {}))
        assert counted() == before + 1


def test_what_is_not_said_of_a_new_object_is_known_to_be_empty() -> None:
    new = unsaved(Parcel, id=new_id())

    assert new.__dict__.keys() >= {column.name for column in Parcel.__table__.columns}
    assert (new.tenant_id, new.latest) == (None, None)
