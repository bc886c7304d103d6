"""Delivery through RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.messaging.broker import Broker, PublishFailed, Verdict
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.envelope import Envelope
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.tests.delivery_suite import (
    DeliverySuite,
    arrivals,
    pending,
    relaying,
    send,
)
from libs.common.messaging.tests.parcels.service import SERVICE, ParcelMoved
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.embedded.errors import RabbitMQNotFound
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ
from libs.common.settings import CommonSettings
from libs.common.testing.brokers.things import THINGS, MakeBroker, Recorder, ids, joined, things
from libs.common.testing.eventually import eventually


@pytest.mark.rabbit
class TestDeliveryThroughRabbit(DeliverySuite):
    @pytest.fixture(autouse=True)
    def _url(self, rabbit_url: str) -> None:
        self.amqp_url = rabbit_url

    @pytest.fixture
    async def make_broker(self, rabbit_url: str, namespace: str) -> AsyncIterator[MakeBroker]:
        brokers: list[Broker] = []

        async def make(**options: object) -> Broker:
            broker = RabbitBroker(rabbit_url, namespace=namespace, **options)  # type: ignore[arg-type]
            brokers.append(broker)
            await broker.start()
            return broker

        yield make
        for broker in brokers:
            await broker.stop()


@pytest.fixture
def own_node(tmp_path: Path) -> Iterator[PrivateRabbitMQ]:
    """A node that the test may stop."""
    node = PrivateRabbitMQ(tmp_path / "rabbit")
    try:
        node.start()
    except RabbitMQNotFound as missing:
        pytest.skip(str(missing))
    yield node
    node.stop()


@pytest.mark.rabbit
@pytest.mark.slow
async def test_nothing_is_lost_when_the_broker_is_away_for_a_while(
    own_node: PrivateRabbitMQ,
    fresh_database: Callable[..., CommonSettings],
    namespace: str,
    tenant_id: UUID,
) -> None:
    context = ServiceContext(SERVICE, fresh_database(SERVICE))
    broker = RabbitBroker(own_node.start(), namespace=namespace, retry_delays=(0.05,))
    await broker.start()
    await broker.declare(SERVICE.subscriptions)
    sent = [ParcelMoved(parcel_id=new_id(), step=step) for step in range(60)]

    async def arrived(count: int) -> bool:
        return len(await arrivals(context, tenant_id)) >= count

    async with relaying(context, broker, batch=5):
        # Some are in the queues, some in hand and some in the outbox while it is down.
        await send(context, tenant_id, *sent[:20])

        async def published() -> bool:
            return await pending(context) == 0

        await eventually(published)
        consumer = Consumer(context)
        await broker.consume(SERVICE.subscriptions, consumer.deliver, consumer.refuse)
        await eventually(lambda: arrived(1))
        own_node.stop()
        await send(context, tenant_id, *sent[20:])
        await asyncio.sleep(0)
        assert not await broker.healthy()
        assert await pending(context) == 40
        own_node.start()
        await eventually(lambda: arrived(60), seconds=40)
    assert sorted(await arrivals(context, tenant_id)) == [(event.parcel_id, event.step) for event in sent]
    assert await pending(context) == 0
    await broker.stop()
    await context.close()


@pytest.mark.rabbit
async def test_handling_goes_on_while_a_server_short_of_memory_takes_no_messages_and_publishing_after_it(
    rabbit_node: PrivateRabbitMQ, rabbit_url: str, namespace: str
) -> None:
    broker = RabbitBroker(rabbit_url, namespace=namespace, concurrency=1, prefetch=1)
    await broker.start()
    set_memory = partial(rabbit_node.control, "set_vm_memory_high_watermark", "absolute")
    may_go_on, last = asyncio.Event(), things(1)

    class Held(Recorder):
        async def deliver(self, subscription: Subscription, envelope: Envelope) -> Verdict:
            await may_go_on.wait()
            return await super().deliver(subscription, envelope)

    recorder, sent = Held(), things(5)
    try:
        await joined(broker, recorder, THINGS)
        await broker.publish(sent)
        await asyncio.to_thread(set_memory, "1MB")
        blocked = asyncio.create_task(broker.publish(last))
        # The server blocks a connection at the first message that it sends.
        await eventually(lambda: _is_unhealthy(broker))
        with pytest.raises(PublishFailed, match="short of memory"):
            await broker.publish(things(1))
        assert not blocked.done()
        # One at a time: each comes only after the one before was acknowledged.
        may_go_on.set()
        await eventually(lambda: len(recorder.got) == len(sent))
        await asyncio.to_thread(set_memory, "1GB")
        await asyncio.wait_for(blocked, 20)
        await eventually(lambda: recorder.ids(THINGS) == ids([*sent, *last]))
        assert await broker.healthy()
    finally:
        # Others use this node after us.
        await asyncio.to_thread(set_memory, "1GB")
        await broker.stop()


async def _is_unhealthy(broker: Broker) -> bool:
    return not await broker.healthy()
