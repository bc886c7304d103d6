"""Statements sent together: what they answer, and what is left of the connection after whatever goes wrong."""

import asyncio
import contextlib
import gc
import time
import weakref
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus
from sqlalchemy import LargeBinary, Uuid, bindparam, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError

from libs.common.db import exchange as exchange_module
from libs.common.db.direct import Direct, insert_of
from libs.common.db.exchange import Driver, Message, exchange, forget, is_idle
from libs.common.ids import new_id
from libs.common.messaging.tests.parcels.service import SERVICE, Parcel
from libs.common.runtime.context import ServiceContext
from libs.common.testing.eventually import eventually

PUT = Direct(insert_of(Parcel))
KEY = 61_803_398
FIND = Direct(select(Parcel.latest).where(Parcel.id == bindparam("parcel_id", type_=Uuid())))


@pytest.fixture
async def driver(postgres_url: str) -> AsyncIterator[Driver]:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def context(fresh_database: Any) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


async def ask(driver: Driver, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    return (await exchange(driver, [Message(sql, values)]))[0].rows


async def test_each_statement_answers_in_its_place(driver: Driver) -> None:
    answers = await exchange(
        driver,
        [
            Message("CREATE TEMPORARY TABLE heap (n int)"),
            Message("INSERT INTO heap SELECT generate_series(1, %(most)s::int)", {"most": 5}),
            Message("SELECT n FROM heap WHERE n %% 2 = 0 ORDER BY n"),
            Message("SELECT %(a)s::int - %(b)s::int, %(a)s::int", {"b": 1, "a": 3}),
        ],
    )
    assert [answer.number for answer in answers] == [0, 5, 2, 1]
    assert [answer.rows for answer in answers] == [[], [], [(2,), (4,)], [(2, 3)]]


async def test_values_and_rows_keep_their_types(driver: Driver) -> None:
    row = {
        "id": new_id(),
        "at": datetime.now(UTC),
        "ids": [new_id(), new_id()],
        "none": None,
        "raw": b"\x00\xff'\\",
        "words": "it's 100% \\ “this”",
        "yes": True,
    }
    sql = (
        "SELECT %(id)s::uuid, %(at)s::timestamptz, %(ids)s::uuid[], %(none)s::text, %(raw)s::bytea, "
        "%(words)s::text, %(yes)s::boolean"
    )
    assert await ask(driver, sql, **row) == [tuple(row.values())]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, psycopg.Binary])
async def test_bytes_come_as_they_are_however_they_are_given(driver: Driver, kind: Any) -> None:
    every = bytes(range(256))
    assert await ask(driver, "SELECT %(raw)s::bytea", raw=kind(every)) == [(every,)]


async def test_a_column_of_bytes_takes_every_byte(context: ServiceContext) -> None:
    every = bytes(range(256))
    echo = Direct(select(bindparam("raw", type_=LargeBinary())))
    async with context.unit_of_work(tenant_id=new_id()) as uow:
        assert await echo.all(uow, raw=every) == [(every,)]


@pytest.mark.parametrize("numbers", [(1, 70_000, 2**40), (None, 2**40, 1), (2**62, None, -1)])
async def test_a_statement_prepared_for_one_value_takes_any(
    driver: Driver, numbers: tuple[int | None]
) -> None:
    assert [await ask(driver, "SELECT %(n)s::bigint + 1", n=n) for n in numbers] == [
        [(None if n is None else n + 1,)] for n in numbers
    ]
    lists = [[], [1, 2], [2**40]]
    assert [await ask(driver, "SELECT %(ns)s::bigint[]", ns=ns) for ns in lists] == [[(ns,)] for ns in lists]


async def test_statements_outside_of_a_transaction_are_one(driver: Driver) -> None:
    await ask(driver, "CREATE TEMPORARY TABLE heap (n int PRIMARY KEY)")
    put = [Message("INSERT INTO heap VALUES (%(n)s)", {"n": n}) for n in (1, 2, 1, 3)]
    with pytest.raises(errors.UniqueViolation):
        await exchange(driver, put)
    assert is_idle(driver)
    assert await ask(driver, "SELECT n FROM heap") == []
    await exchange(driver, put[1:])
    assert await ask(driver, "SELECT n FROM heap ORDER BY n") == [(1,), (2,), (3,)]


async def test_what_cannot_be_sent_is_an_error_and_costs_nothing(driver: Driver) -> None:
    for value in ("nul \0 within", object()):
        with pytest.raises(psycopg.Error):
            await exchange(driver, [Message("SELECT 1"), Message("SELECT %(it)s::text", {"it": value})])
        assert await ask(driver, "SELECT 2") == [(2,)]


async def test_what_cannot_be_understood_is_an_error_each_time(driver: Driver) -> None:
    for _ in range(2):
        with pytest.raises(errors.SyntaxError):
            await exchange(driver, [Message("SELECT 1"), Message("SELEKT 1"), Message("SELECT 2")])
        assert await ask(driver, "SELECT 2") == [(2,)]
    with pytest.raises(errors.UndefinedTable):
        await ask(driver, "SELECT * FROM heap")
    await ask(driver, "CREATE TEMPORARY TABLE heap ()")
    assert await ask(driver, "SELECT * FROM heap") == []


async def test_a_statement_is_prepared_once(driver: Driver) -> None:
    count = "SELECT count(*) FROM pg_prepared_statements"
    for _ in range(3):
        await exchange(driver, [Message("SELECT %(n)s::int", {"n": n}) for n in range(4)])
        assert await ask(driver, count) == [(2,)]


async def test_much_is_sent_and_read_at_once(driver: Driver) -> None:
    words = "x" * 1_000_000
    answers = await exchange(driver, [Message("SELECT %(words)s::text", {"words": words})] * 20)
    assert [answer.rows for answer in answers] == [[(words,)]] * 20


async def test_a_cancelled_one_leaves_a_connection_that_can_be_used(
    driver: Driver, postgres_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as other:
        await other.execute("SELECT pg_advisory_lock(%s)", [KEY])
        task = asyncio.create_task(ask(driver, f"SELECT pg_advisory_lock({KEY})"))
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s"
        async with asyncio.timeout(30):
            while await (await other.execute(waits, [driver.info.backend_pid])).fetchone() == (0,):
                pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await ask(driver, "SELECT 1") == [(1,)]


class Between:
    """Stands between a client and the server: passes its first connection on, and keeps the others waiting."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._is_first = True
        self._may_end = asyncio.Event()
        self.kept_waiting = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        if not self._is_first:
            self.kept_waiting.set()
            await self._may_end.wait()
            writer.close()
            return
        self._is_first = False
        there, back = await asyncio.open_connection(self._server.host, self._server.port)
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))

    def end(self) -> None:
        """Let go of those that wait."""
        self._may_end.set()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            writer.write(piece)
    writer.close()


async def test_while_the_server_is_asked_to_end_a_statement_nothing_is_done_over_and_over(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "_CANCEL_SECONDS", 1.0)
    info = make_url(postgres_url)
    between = Between(info)
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    here = info.set(host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    url = here.render_as_string(hide_password=False) + "?sslmode=disable"
    async with server, await psycopg.AsyncConnection.connect(url, autocommit=True) as driver:
        # Answered while the server is asked to end it, of which it never hears.
        task = asyncio.create_task(ask(driver, "SELECT pg_sleep(0.1)"))
        await eventually(lambda: driver.pgconn.transaction_status == TransactionStatus.ACTIVE)
        spent = time.thread_time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        spent = time.thread_time() - spent
        assert between.kept_waiting.is_set()
        # Whoever did it over and over would do so for the whole second.
        assert spent < 0.25
        between.end()


async def test_a_lost_connection_is_an_error_and_stays_one(driver: Driver, postgres_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 10000)", [driver.info.backend_pid])
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            await ask(driver, "SELECT 1")


async def test_what_the_driver_removed_is_prepared_anew(context: ServiceContext) -> None:
    tenant_id, row = new_id(), {"latest": 1, "counted": 0}
    known = {**row, "tenant_id": tenant_id, "id": new_id()}

    async def fail_in_savepoint(parcel_id: UUID) -> None:
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            assert await FIND.all(uow, parcel_id=parcel_id) == [(1,)]
            with pytest.raises(IntegrityError):
                async with uow.session.begin_nested():
                    await uow.session.execute(
                        text("INSERT INTO parcels.parcels SELECT * FROM parcels.parcels")
                    )
            assert await FIND.all(uow, parcel_id=parcel_id) == [(1,)]
            await uow.session.rollback()
            assert await FIND.all(uow, parcel_id=parcel_id) == [(1,)]

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await PUT.run(uow, **known)
    for _ in range(2):
        await fail_in_savepoint(known["id"])
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        # Gone without a word.
        await (await uow.transaction.driver()).execute("DEALLOCATE ALL")
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert await FIND.all(uow, parcel_id=known["id"]) == [(1,)]


async def test_forgetting_a_connection_that_was_never_used_is_no_error(driver: Driver) -> None:
    forget(driver)
    assert await ask(driver, "SELECT 1") == [(1,)]


async def test_nothing_is_kept_of_a_connection_that_is_gone(postgres_url: str) -> None:
    async def use() -> "weakref.ref[Driver]":
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as driver:
            assert await ask(driver, "SELECT 1") == [(1,)]
            return weakref.ref(driver)

    gone = await use()
    gc.collect()
    assert gone() is None
