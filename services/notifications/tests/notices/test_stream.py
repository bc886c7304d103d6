"""The event stream of an inbox."""

import asyncio
from uuid import UUID

from sqlalchemy import text

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.eventually import eventually
from services.notifications.announcements.service import Announcer
from services.notifications.announcements.target import Target
from services.notifications.notices.feed import NoticeFeed
from services.notifications.tests.conftest import OpenContext
from services.notifications.tests.streaming import open_stream


async def write(uow: UnitOfWork, user_id: UUID, title: str) -> None:
    """Add a notice within a transaction."""
    variables = {"product": {"name": title, "sku": "s", "available": 1, "threshold": 2}}
    await Announcer(uow).tell("stock_low", [Target(user_id)], variables, key=str(new_id()))
    await uow.flush()


async def tell(context: ServiceContext, client: Client, *titles: str) -> None:
    """Add notices for the client's user, each in a transaction of its own."""
    assert client.actor is not None
    for title in titles:
        async with context.unit_of_work(tenant_id=client.actor.tenant_id) as uow:
            await write(uow, client.actor.user_id, title)


async def titles(stream, count: int) -> list[str]:
    """The titles of the next notices, without their common beginning."""
    found = []
    for _ in range(count):
        event = await stream.next()
        assert event["event"] == "notification"
        assert event["id"] == event["data"]["seq"]
        found.append(event["data"]["title"].removeprefix("Low stock: "))
    return found


async def test_a_new_notice_comes_over_the_open_stream(context: ServiceContext, client: Client) -> None:
    await tell(context, client, "before")
    async with open_stream(client) as stream:
        ready = await stream.next()
        await tell(context, client, "one", "two")

        assert await titles(stream, 2) == ["one", "two"]
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert ready["event"] == "ready"


async def test_nothing_is_lost_between_two_connections(context: ServiceContext, client: Client) -> None:
    async with open_stream(client) as stream:
        await stream.next()
        await tell(context, client, "one", "two", "three")
        first = await stream.next()
    await tell(context, client, "four")

    async with open_stream(client, last_event_id=first["id"]) as stream:
        await stream.next()
        assert await titles(stream, 3) == ["two", "three", "four"]
    async with open_stream(client, query=f"last_event_id={first['id']}") as stream:
        await stream.next()
        assert await titles(stream, 3) == ["two", "three", "four"]


async def test_ids_go_on_over_connections_and_the_first_event_gives_one(
    context: ServiceContext, client: Client
) -> None:
    await tell(context, client, "before")
    async with open_stream(client) as stream:
        ready = await stream.next()
    await tell(context, client, "between")

    async with open_stream(client, last_event_id=ready["id"]) as stream:
        again = await stream.next()
        event = await stream.next()

    assert again["id"] == ready["id"] > 0
    assert event["id"] > ready["id"]
    assert event["data"]["title"].endswith("between")


async def test_more_than_a_page_is_replayed(context: ServiceContext, client: Client) -> None:
    assert client.actor is not None
    async with context.unit_of_work(tenant_id=client.actor.tenant_id) as uow:
        for n in range(250):
            await write(uow, client.actor.user_id, str(n))

    async with open_stream(client, last_event_id=0) as stream:
        await stream.next()
        assert await titles(stream, 250) == [str(n) for n in range(250)]


async def test_a_notice_cannot_become_visible_behind_one_that_was_streamed(
    context: ServiceContext, client: Client
) -> None:
    """The sequence gives numbers before the commit; the second writer must wait for the first one's commit."""
    actor = client.actor
    assert actor is not None

    async def second() -> None:
        async with context.unit_of_work(tenant_id=actor.tenant_id) as uow:
            await write(uow, actor.user_id, "second")

    async def waits() -> bool:
        async with context.unit_of_work(platform=True) as uow:
            found = await uow.session.scalar(
                text(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
            )
        return bool(found)

    async with open_stream(client) as stream:
        await stream.next()
        async with context.unit_of_work(tenant_id=actor.tenant_id) as first:
            await write(first, actor.user_id, "first")
            task = asyncio.create_task(second())
            await eventually(waits)
            assert not task.done()
        await task

        assert await titles(stream, 2) == ["first", "second"]


async def test_notices_of_another_process_come_too(
    context: ServiceContext, open_context: OpenContext, client: Client
) -> None:
    other = await open_context()
    async with open_stream(client) as stream:
        await stream.next()
        await eventually(lambda: _listens(context))
        await tell(other, client, "from elsewhere")

        assert await titles(stream, 1) == ["from elsewhere"]


async def _listens(context: ServiceContext) -> bool:
    feed: NoticeFeed = context.resources["feed"]
    return feed.listening.is_set()


async def test_a_listener_that_lost_its_connection_comes_back_and_misses_nothing(
    context: ServiceContext, client: Client, postgres_url: str
) -> None:
    import psycopg

    async with open_stream(client) as stream:
        await stream.next()
        await eventually(lambda: _listens(context))
        database = context.engine.url.database
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name = 'pillars-notifications-stream'",
                [database],
            )
        await tell(context, client, "meanwhile")

        assert await titles(stream, 1) == ["meanwhile"]
        await eventually(lambda: _listens(context))


async def test_an_idle_stream_holds_no_database_connection(context: ServiceContext, client: Client) -> None:
    async with open_stream(client) as stream:
        await stream.next()
        await stream.heartbeat()

        await eventually(lambda: _idle(context))


async def _idle(context: ServiceContext) -> bool:
    return context.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_another_user_and_another_tenant_see_nothing(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID
) -> None:
    assert client.actor is not None
    await tell(context, client, "mine")
    colleague = client.acting(user(tenant_id))
    elsewhere = client.acting(user(other_tenant_id, user_id=client.actor.user_id))

    for stranger in (colleague, elsewhere):
        async with open_stream(stranger, last_event_id=0) as stream:
            await stream.next()
            await stream.heartbeat()


async def test_an_unknown_last_event_id_begins_with_what_comes(
    context: ServiceContext, client: Client
) -> None:
    await tell(context, client, "old")
    for unknown in ("x", "-1", "9" * 30, 2**62):
        async with open_stream(client, last_event_id=unknown) as stream:
            ready = await stream.next()
            await tell(context, client, "new")
            assert (await stream.next())["id"] > ready["id"]


async def test_streams_end_when_the_feed_closes(open_context: OpenContext, tenant_id: UUID) -> None:
    context = await open_context()
    client = Client(context, user(tenant_id))
    async with open_stream(client) as stream:
        await stream.next()
        await context.resources["feed"].close()
        assert await stream.next() is None


async def test_a_stream_ends_after_a_while_so_that_rights_are_checked_anew(
    open_context: OpenContext, tenant_id: UUID
) -> None:
    context = await open_context(stream_seconds=0.1)
    async with open_stream(Client(context, user(tenant_id))) as stream:
        await stream.next()
        assert await stream.next() is None


async def test_a_user_has_a_limited_number_of_streams(open_context: OpenContext, tenant_id: UUID) -> None:
    context = await open_context(streams_per_user=1)
    client = Client(context, user(tenant_id))
    async with open_stream(client) as first:
        await first.next()
        refused = await client.get("/notifications/stream")
    assert refused.status_code == 429
    assert refused.headers["retry-after"]
    assert context.resources["feed"].streams == 0


async def test_guests_and_those_without_the_permission_get_no_stream(client: Client, tenant_id: UUID) -> None:
    assert (await client.acting(guest(tenant_id)).get("/notifications/stream")).status_code == 401
    refused = await client.acting(user(tenant_id, "notifications.inbox.write")).get("/notifications/stream")
    assert refused.status_code == 403
    nowhere = await client.acting(user(None)).get("/notifications/stream")
    assert nowhere.json()["slug"] == "tenant-required"
    nobody = await client.acting(user(tenant_id, user_id=None)).get("/notifications/stream")
    assert nobody.status_code == 403
