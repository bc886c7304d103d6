"""What `/readyz` says: 503 where requests cannot be served, and nothing else takes a process out of rotation."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
import psycopg
from sqlalchemy import text

from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.runtime.embedded.ports import free_port
from libs.common.runtime.host import CONSUME, HTTP, JOBS, RELAY, Host
from libs.common.runtime.readiness import Readiness
from libs.common.settings import CommonSettings

MakeSettings = Callable[..., CommonSettings]


@asynccontextmanager
async def without_broker(settings: CommonSettings, roles: Iterable[str]) -> AsyncIterator[httpx.AsyncClient]:
    """A process whose RabbitMQ is away."""
    host = Host([SERVICE], settings, roles=roles, broker=RabbitBroker(f"amqp://127.0.0.1:{free_port()}/"))
    try:
        app = await host.start()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://parcels") as client:
            yield client
    finally:
        await host.close()


async def test_a_process_that_takes_requests_stays_ready_without_the_broker_and_shows_that_it_is_away(
    fresh_database: MakeSettings,
) -> None:
    async with without_broker(fresh_database(SERVICE), (HTTP, RELAY, CONSUME, JOBS)) as client:
        response = await client.get("/readyz")
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "ready")
    assert {name: part["ok"] for name, part in body["parts"].items()} == {"database": True, "broker": False}


async def test_a_process_that_only_relays_and_consumes_is_not_ready_without_the_broker(
    fresh_database: MakeSettings,
) -> None:
    async with without_broker(fresh_database(SERVICE), (RELAY, CONSUME)) as client:
        assert (await client.get("/readyz")).status_code == 503


async def test_a_process_stops_at_once_while_the_broker_is_away(fresh_database: MakeSettings) -> None:
    async with asyncio.timeout(10):
        async with without_broker(fresh_database(SERVICE), (HTTP, RELAY, CONSUME, JOBS)):
            pass


async def test_without_its_database_a_process_is_not_ready(
    fresh_database: MakeSettings, postgres_url: str
) -> None:
    settings = fresh_database(SERVICE)
    async with without_broker(settings, (HTTP,)) as client:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(
                f"ALTER DATABASE {settings.database_url.rpartition('/')[2]} ALLOW_CONNECTIONS false"
            )
        response = await client.get("/readyz")
    assert (response.status_code, response.json()["parts"]["database"]["ok"]) == (503, False)


async def test_a_pool_in_full_use_does_not_look_like_a_lost_database(fresh_database: MakeSettings) -> None:
    settings = fresh_database(SERVICE).model_copy(update={"pool_size": 1})
    host = Host([SERVICE], settings, roles=(HTTP,))
    await host.start()
    context = host.contexts[SERVICE.name]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(host.close)
        for _ in range(2):
            held = await stack.enter_async_context(context.engine.connect())
            await held.execute(text("SELECT 1"))
        assert (await Readiness(context).parts())["database"] == {"ok": True}


async def test_a_free_connection_of_the_pool_is_asked_and_no_other_is_made(
    fresh_database: MakeSettings, postgres_url: str
) -> None:
    settings = fresh_database(SERVICE)
    host = Host([SERVICE], settings, roles=(HTTP,))
    await host.start()
    context = host.contexts[SERVICE.name]
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(text("SELECT 1"))
    database = settings.database_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        readiness = Readiness(context, keep=0, keep_bad=0)
        assert (await readiness.parts())["database"] == {"ok": True}
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,)
        )
        assert not (await readiness.parts())["database"]["ok"]
        connection.execute(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
        assert (await readiness.parts())["database"] == {"ok": True}
    await host.close()


async def test_however_many_ask_the_parts_are_asked_once(fresh_database: MakeSettings) -> None:
    host = Host([SERVICE], fresh_database(SERVICE), roles=(HTTP,))
    await host.start()
    context = host.contexts[SERVICE.name]
    asked = 0

    async def check() -> bool:
        nonlocal asked
        asked += 1
        return True

    context.checks["provider"] = check
    readiness = Readiness(context, keep=60)
    hasty = asyncio.create_task(readiness.parts())
    await asyncio.sleep(0)
    hasty.cancel()
    found = await asyncio.gather(*(readiness.parts() for _ in range(20)))
    assert asked == 1
    assert all(readiness.is_ready(parts) for parts in found)
    await Readiness(context, keep=0).parts()
    assert asked == 2
    await host.close()


async def test_only_what_was_not_well_is_asked_again_soon(fresh_database: MakeSettings) -> None:
    host = Host([SERVICE], fresh_database(SERVICE), roles=(HTTP,))
    await host.start()
    context = host.contexts[SERVICE.name]
    away, there = iter((False, True, False)), iter((True, False))

    async def ask(answers: Iterator[bool]) -> bool:
        return next(answers)

    context.checks |= {"away": partial(ask, away), "there": partial(ask, there)}
    readiness = Readiness(context, keep=60, keep_bad=0)
    told = [await readiness.parts() for _ in range(3)]
    assert [(parts["away"]["ok"], parts["there"]["ok"]) for parts in told] == [
        (False, True),
        (True, True),
        (True, True),
    ]
    await host.close()
