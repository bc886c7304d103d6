"""The relay against brokers that fail: nothing is marked that was not confirmed."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from uuid import UUID

import orjson
import psycopg
import pytest
from prometheus_client import REGISTRY

from libs.common import metrics
from libs.common.ids import new_id
from libs.common.messaging.broker import Deliver, PublishFailed, QueueState, Refuse
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.relay import Relay
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.tests.delivery_suite import pending, relaying, send
from libs.common.messaging.tests.parcels.service import SERVICE, ParcelMoved
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually


class StubbornBroker:
    """Confirms what `takes` says, and fails whole batches while `is_away`."""

    def __init__(self, takes: Callable[[Envelope], bool] = lambda _: True) -> None:
        self.takes = takes
        self.is_away = False
        self.error: Exception = PublishFailed("the broker is away")
        self.batches: list[list[Envelope]] = []
        self.tries = 0

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Confirm or fail."""
        self.tries += 1
        if self.is_away:
            raise self.error
        taken = [envelope for envelope in envelopes if self.takes(envelope)]
        self.batches.append(taken)
        if failed := frozenset(envelope.id for envelope in envelopes) - {envelope.id for envelope in taken}:
            raise PublishFailed("some were returned", failed)

    @property
    def steps(self) -> list[int]:
        """The steps of what was taken, in order."""
        return [envelope.data["step"] for batch in self.batches for envelope in batch]

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to disconnect."""

    async def declare(self, subscriptions: Sequence[Subscription]) -> None:
        """No queues."""

    async def consume(self, subscriptions: Sequence[Subscription], deliver: Deliver, refuse: Refuse) -> None:
        """Delivers nothing."""

    async def queues(self) -> list[QueueState]:
        """No queues."""
        return []

    async def healthy(self) -> bool:
        """As told."""
        return not self.is_away


async def is_marked(context: ServiceContext) -> bool:
    """Whether all that was sent is published, and known to be."""
    return await pending(context) == 0


@pytest.fixture
async def context(fresh_database: Callable[..., CommonSettings]) -> AsyncIterator[ServiceContext]:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    yield context
    await context.close()


def moves(*steps: int) -> list[ParcelMoved]:
    return [ParcelMoved(parcel_id=new_id(), step=step) for step in steps]


async def test_a_drain_publishes_all_in_order_and_once(context: ServiceContext, tenant_id: UUID) -> None:
    await send(context, tenant_id, *moves(*range(25)))
    broker = StubbornBroker()
    assert await Relay(context, broker, batch=10).drain_once() == 25
    assert broker.steps == list(range(25))
    assert [len(batch) for batch in broker.batches] == [10, 10, 5]
    assert await Relay(context, broker).drain_once() == 0


async def test_a_number_that_no_reader_holds_keeps_nobody_waiting(
    context: ServiceContext, tenant_id: UUID
) -> None:
    await send(context, tenant_id, *moves(1, 10**400, -(10**400), 2))
    broker = StubbornBroker()

    assert await Relay(context, broker).drain_once() == 4

    assert broker.steps == [1, sys.float_info.max, -sys.float_info.max, 2]
    # Each broker writes what it publishes so.
    assert orjson.loads(orjson.dumps(broker.steps)) == broker.steps


async def test_what_was_not_confirmed_stays_and_the_rest_is_marked(
    context: ServiceContext, tenant_id: UUID
) -> None:
    await send(context, tenant_id, *moves(*range(6)))
    broker = StubbornBroker(lambda envelope: envelope.data["step"] % 2 == 0)
    with pytest.raises(PublishFailed):
        await Relay(context, broker).drain_once()
    assert await pending(context) == 3
    broker.takes = lambda _: True
    await Relay(context, broker).drain_once()
    assert broker.steps == [0, 2, 4, 1, 3, 5]
    assert await pending(context) == 0


@pytest.mark.parametrize("error", [PublishFailed("away"), ConnectionError("away"), ValueError("a mistake")])
async def test_nothing_is_marked_when_the_broker_fails(
    context: ServiceContext, tenant_id: UUID, error: Exception
) -> None:
    await send(context, tenant_id, *moves(1))
    broker = StubbornBroker()
    broker.is_away, broker.error = True, error
    with pytest.raises(type(error)):
        await Relay(context, broker).drain_once()
    assert await pending(context) == 1


async def test_it_goes_on_when_the_broker_is_back(context: ServiceContext, tenant_id: UUID) -> None:
    broker = StubbornBroker()
    broker.is_away = True
    async with relaying(context, broker):
        await send(context, tenant_id, *moves(1))
        await eventually(lambda: broker.tries >= 3)
        broker.is_away = False
        await eventually(lambda: broker.steps == [1])
    assert await pending(context) == 0


async def test_it_goes_on_when_its_connection_was_cut(context: ServiceContext, tenant_id: UUID) -> None:
    broker = StubbornBroker()
    async with relaying(context, broker):
        await send(context, tenant_id, *moves(1))
        # Cut before it was marked, it would rightly be published again.
        await eventually(lambda: is_marked(context))
        with psycopg.connect(context.common.database_url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'pillars-parcels-relay' AND datname = current_database()"
            )
        await send(context, tenant_id, *moves(2))
        await eventually(lambda: is_marked(context))
    assert broker.steps == [1, 2]


async def test_it_ends_when_told_to_while_the_broker_is_away(
    context: ServiceContext, tenant_id: UUID
) -> None:
    broker, stop = StubbornBroker(), asyncio.Event()
    broker.is_away = True
    await send(context, tenant_id, *moves(1))
    task = asyncio.create_task(Relay(context, broker).run(stop))
    # Several failures in, the pauses have grown.
    await eventually(lambda: broker.tries >= 4)
    stop.set()
    async with asyncio.timeout(15):
        await task
    assert await pending(context) == 1


async def test_it_tells_how_much_waits(context: ServiceContext, tenant_id: UUID) -> None:
    broker = StubbornBroker(lambda envelope: envelope.data["step"] != 2)
    async with relaying(context, broker):
        await send(context, tenant_id, *moves(1))
        await eventually(
            lambda: REGISTRY.get_sample_value("pillars_outbox_pending", {"service": "parcels"}) == 0
        )
    published = REGISTRY.get_sample_value("pillars_events_published_total", {"service": "parcels"})
    assert published is not None
    assert published >= 1


async def test_what_waits_is_measured_while_the_broker_is_away(
    context: ServiceContext, tenant_id: UUID
) -> None:
    broker = StubbornBroker()
    broker.is_away = True
    await send(context, tenant_id, *moves(1, 2, 3))
    await eventually(lambda: pending(context))
    gauges = [metrics.outbox_pending.labels("parcels"), metrics.outbox_oldest_seconds.labels("parcels")]
    for gauge in gauges:
        gauge.set(0)
    async with relaying(context, broker):
        await eventually(
            lambda: REGISTRY.get_sample_value("pillars_outbox_pending", {"service": "parcels"}) == 3
        )
    assert (REGISTRY.get_sample_value("pillars_outbox_oldest_seconds", {"service": "parcels"}) or 0) > 0
    assert (REGISTRY.get_sample_value("pillars_database_server_connections") or 0) >= 1
    assert (REGISTRY.get_sample_value("pillars_database_server_connections_limit") or 0) >= 100


async def test_its_marks_wait_for_no_disk(context: ServiceContext) -> None:
    relay = Relay(context, StubbornBroker())
    said = "SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'"
    try:
        assert await (await (await relay._connected()).execute(said)).fetchone() == ("off", "client")
    finally:
        await relay._disconnect()


async def test_its_statements_are_planned_once(context: ServiceContext, tenant_id: UUID) -> None:
    relay = Relay(context, StubbornBroker())
    connection = await relay._connected()
    plans = "SELECT coalesce(sum(custom_plans), 0), max(generic_plans) FROM pg_prepared_statements"
    try:
        for step in range(7):
            await send(context, tenant_id, ParcelMoved(parcel_id=new_id(), step=step))
            assert await relay.drain_once() == 1
        assert await (await connection.execute(plans)).fetchone() == (0, 7)
    finally:
        await connection.close()
