"""The Postgres broker passes the suite; beside it, what only leases have."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import psycopg
import pytest

from libs.common.ids import new_id
from libs.common.messaging.broker import Broker, PublishFailed, Verdict, queue_name
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.listening import Listener
from libs.common.messaging.postgres import PostgresBroker
from libs.common.messaging.postgres_listener import PostgresListener
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.tests.parcels.service import SERVICE
from libs.common.settings import CommonSettings
from libs.common.testing.brokers.suite import BrokerSuite
from libs.common.testing.brokers.things import (
    THINGS,
    MakeBroker,
    Recorder,
    ids,
    joined,
    things,
)
from libs.common.testing.eventually import eventually
from libs.common.testing.plugin import MakeContext


class TestPostgresBroker(BrokerSuite):
    @pytest.fixture
    async def bus_url(self, make_context: MakeContext, common_settings: CommonSettings) -> str:
        await make_context(SERVICE)
        return common_settings.service_database_url("bus")

    @pytest.fixture
    async def make_broker(self, bus_url: str, namespace: str) -> AsyncIterator[MakeBroker]:
        brokers: list[Broker] = []

        async def make(**options: object) -> Broker:
            broker = PostgresBroker(bus_url, namespace=namespace, **options)  # type: ignore[arg-type]
            brokers.append(broker)
            await broker.start()
            return broker

        yield make
        for broker in brokers:
            await broker.stop()

    @pytest.fixture
    def make_listener(self, bus_url: str, namespace: str) -> Callable[[], Listener]:
        return lambda: PostgresListener(bus_url, namespace=namespace)

    @pytest.fixture
    def inject(self, bus_url: str, namespace: str) -> Callable[[Subscription, bytes], Awaitable[None]]:
        async def put(subscription: Subscription, body: bytes) -> None:
            async with await psycopg.AsyncConnection.connect(bus_url) as connection:
                await connection.execute(
                    "WITH it AS (INSERT INTO bus.message (namespace, event_id, type, envelope) "
                    "VALUES (%s, %s, 'none', %s) RETURNING seq) "
                    "INSERT INTO bus.delivery (queue, message) SELECT %s, seq FROM it",
                    (namespace, new_id(), body.decode(), queue_name(namespace, subscription)),
                )

        return put

    async def test_no_service_can_reach_the_tables_of_the_bus(
        self, bus_url: str, common_settings: CommonSettings
    ) -> None:
        url = common_settings.service_database_url(SERVICE.name)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            for statement in ("SELECT FROM bus.message", "DELETE FROM bus.delivery"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    await connection.execute(statement)

    async def test_a_repeated_publish_is_not_stored_again(self, make_broker: MakeBroker) -> None:
        broker, recorder = await make_broker(), Recorder()
        await broker.declare([THINGS])
        sent = things(3)
        await broker.publish(sent[:2])
        await broker.publish([*sent, sent[2]])
        assert [state.ready for state in await broker.queues()] == [3]
        await broker.consume([THINGS], recorder.deliver, recorder.refuse)
        await eventually(lambda: sorted(recorder.ids(THINGS)) == ids(sent))

    async def test_a_handler_may_take_longer_than_the_lease(
        self, make_broker: MakeBroker, bus_url: str, namespace: str
    ) -> None:
        held, slow, other = asyncio.Event(), Recorder(), Recorder()

        async def deliver(subscription: Subscription, envelope: object) -> Verdict:
            slow.got.append((subscription.name, envelope))  # type: ignore[arg-type]
            await held.wait()
            return Verdict.DONE

        first, second = await make_broker(lease=0.4), await make_broker(lease=0.4, poll=0.05)
        await first.declare([THINGS])
        await first.consume([THINGS], deliver, slow.refuse)
        await first.publish(things(1))
        await eventually(lambda: slow.got)
        await second.consume([THINGS], other.deliver, other.refuse)
        async with await psycopg.AsyncConnection.connect(bus_url, autocommit=True) as connection:

            async def held_for_several_leases() -> bool:
                cursor = await connection.execute(
                    "SELECT available_at > message.created_at + interval '1.6 s' FROM bus.delivery "
                    "JOIN bus.message ON message.seq = delivery.message WHERE queue = %s",
                    (queue_name(namespace, THINGS),),
                )
                return await cursor.fetchall() == [(True,)]

            await eventually(held_for_several_leases)
        assert other.got == []
        held.set()

        async def settled() -> bool:
            [state] = await first.queues()
            return state.ready + state.in_flight + state.delayed == 0

        await eventually(settled)
        assert other.got == []

    async def test_who_lost_the_lease_cannot_settle_what_is_now_anothers(
        self, make_broker: MakeBroker, bus_url: str, namespace: str
    ) -> None:
        held, slow, started = asyncio.Event(), Recorder(), asyncio.Event()

        async def deliver(subscription: Subscription, envelope: object) -> Verdict:
            started.set()
            await held.wait()
            return Verdict.DONE

        first = await make_broker()
        await first.declare([THINGS])
        await first.consume([THINGS], deliver, slow.refuse)
        await first.publish(things(1))
        await started.wait()
        # As if the lease had run out and somebody else had claimed it since.
        queue = queue_name(namespace, THINGS)
        async with await psycopg.AsyncConnection.connect(bus_url, autocommit=True) as connection:
            await connection.execute("UPDATE bus.delivery SET claims = claims + 1 WHERE queue = %s", (queue,))
            held.set()
            await first.stop()
            cursor = await connection.execute("SELECT count(*) FROM bus.delivery WHERE queue = %s", (queue,))
            assert await cursor.fetchone() == (1,)

    async def test_stop_settles_what_ended_while_others_were_settled(
        self, make_broker: MakeBroker, bus_url: str, namespace: str
    ) -> None:
        held: dict[object, asyncio.Event] = {}
        recorder, broker = Recorder(), await make_broker()
        queue = queue_name(namespace, THINGS)

        async def deliver(_: Subscription, envelope: Envelope) -> Verdict:
            await held.setdefault(envelope.id, asyncio.Event()).wait()
            return Verdict.DONE

        await broker.declare([THINGS])
        await broker.consume([THINGS], deliver, recorder.refuse)
        await broker.publish(things(2))
        await eventually(lambda: len(held) == 2)
        stopping = asyncio.create_task(broker.stop())
        first, second = held.values()
        async with (
            await psycopg.AsyncConnection.connect(bus_url) as blocker,
            await psycopg.AsyncConnection.connect(bus_url, autocommit=True) as onlooker,
        ):
            await blocker.execute("SELECT 1 FROM bus.delivery WHERE queue = %s FOR UPDATE", (queue,))
            first.set()
            pid = blocker.info.backend_pid

            async def settling() -> bool:
                cursor = await onlooker.execute(
                    "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid)))",
                    (pid,),
                )
                return bool((await cursor.fetchone() or [False])[0])

            await eventually(settling)
            second.set()
            await eventually(lambda: not broker._deliveries._tasks)  # type: ignore[attr-defined]
            await blocker.rollback()
            await stopping
            cursor = await onlooker.execute("SELECT count(*) FROM bus.delivery WHERE queue = %s", (queue,))
            assert await cursor.fetchone() == (0,)

    async def test_another_process_wakes_the_consumer(self, make_broker: MakeBroker) -> None:
        publisher, consumer, recorder = await make_broker(), await make_broker(poll=30), Recorder()
        await joined(consumer, recorder, THINGS)
        sent = things(2)
        await publisher.publish(sent[:1])
        await eventually(lambda: recorder.got)
        # Once more, now that the loop is known to be idle.
        await publisher.publish(sent[1:])
        # Sooner than it looks by itself.
        await eventually(lambda: len(recorder.got) == 2)
        assert recorder.ids(THINGS) == ids(sent)

    async def test_a_cut_connection_is_made_again(self, make_broker: MakeBroker, database_url: str) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS)
        early, late = things(5), things(5)
        await broker.publish(early)
        await eventually(lambda: len(recorder.got) == 5)
        with psycopg.connect(database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'pillars-bus%' AND datname = current_database()"
            )

        async def published() -> bool:
            try:
                await broker.publish(late)
            except PublishFailed:
                return False
            return True

        await eventually(published)
        await eventually(lambda: set(ids(late)) <= set(recorder.ids(THINGS)))
        assert set(recorder.ids(THINGS)) == {*ids(early), *ids(late)}

    async def test_messages_of_the_past_are_purged_and_those_awaited_kept(
        self, make_broker: MakeBroker, bus_url: str, namespace: str
    ) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS)
        done, young = things(2)
        await broker.publish([done])
        await eventually(lambda: recorder.got)
        await broker.stop()
        other = await make_broker()
        await other.declare([THINGS])
        awaited = things(1)[0]
        await other.publish([awaited])
        async with await psycopg.AsyncConnection.connect(bus_url, autocommit=True) as connection:
            await connection.execute(
                "UPDATE bus.message SET created_at = now() - interval '1 hour' WHERE namespace = %s",
                (namespace,),
            )
            await other.publish([young])
            third = await make_broker()
            await third.consume([], recorder.deliver, recorder.refuse)

            async def left() -> list[UUID]:
                cursor = await connection.execute(
                    "SELECT event_id FROM bus.message WHERE namespace = %s ORDER BY seq", (namespace,)
                )
                return [row[0] for row in await cursor.fetchall()]

            async def is_purged() -> bool:
                return done.id not in await left()

            await eventually(is_purged)
            assert await left() == [awaited.id, young.id]
