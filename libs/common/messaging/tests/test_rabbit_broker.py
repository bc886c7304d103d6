"""The RabbitMQ broker passes the suite."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import aio_pika
import aiormq
import pytest
from aiormq import spec
from aiormq.abc import ChannelFrame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from libs.common.messaging.broker import Broker, queue_name
from libs.common.messaging.listening import Listener
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.rabbit_listener import RabbitListener
from libs.common.messaging.subscription import Subscription
from libs.common.testing.brokers.suite import BrokerSuite
from libs.common.testing.brokers.things import THINGS, MakeBroker, Recorder, joined, things
from libs.common.testing.eventually import eventually


@pytest.mark.rabbit
class TestRabbitBroker(BrokerSuite):
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
    def make_listener(self, rabbit_url: str, namespace: str) -> Callable[[], Listener]:
        return lambda: RabbitListener(rabbit_url, namespace=namespace)

    @pytest.fixture
    def inject(self, rabbit_url: str, namespace: str) -> Callable[[Subscription, bytes], Awaitable[None]]:
        async def put(subscription: Subscription, body: bytes) -> None:
            async with await aio_pika.connect(rabbit_url) as connection:
                channel = await connection.channel()
                await channel.default_exchange.publish(
                    aio_pika.Message(body), routing_key=queue_name(namespace, subscription)
                )

        return put

    async def test_a_message_whose_headers_cannot_be_read_is_refused_and_others_flow_on(
        self, make_broker: MakeBroker, rabbit_url: str, namespace: str
    ) -> None:
        broker, recorder = await make_broker(), Recorder()
        await joined(broker, recorder, THINGS)
        # Microseconds, where AMQP has seconds: a time that lies too far ahead to be read.
        at = datetime(2026, 1, 1, tzinfo=UTC)
        seconds = struct.pack(">Q", int(at.timestamp()))
        queue = queue_name(namespace, THINGS)
        async with await aiormq.connect(rabbit_url) as connection:
            channel = await connection.channel()
            frames = ChannelFrame.marshall(
                channel.number,
                [
                    spec.Basic.Publish(exchange="", routing_key=queue),
                    ContentHeader(body_size=2, properties=spec.Basic.Properties(headers={"at": at})),
                    ContentBody(b"{}"),
                ],
            )
            payload = frames.payload.replace(seconds, struct.pack(">Q", int(at.timestamp()) * 10**6))
            await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))
            await broker.publish(things(3))
            await eventually(lambda: len(recorder.got) == 3 and recorder.refused)
        assert [name for name, *_ in recorder.refused] == [THINGS.name]


@pytest.mark.rabbit
async def test_it_connects_again_when_the_library_gives_up_all_that_waits(
    rabbit_url: str, namespace: str
) -> None:
    others = asyncio.all_tasks()
    broker = RabbitBroker(rabbit_url, namespace=namespace)
    await broker.start()
    try:
        # As the library does with a connection on which nothing is heard any more; the supervisor may be among those
        # who wait for it.
        ours = {asyncio.current_task(), *(t for t in asyncio.all_tasks() if t.get_name() == "rabbit-broker")}
        for task in asyncio.all_tasks() - ours - others:
            task.cancel()

        async def healthy() -> bool:
            return await broker.healthy()

        await eventually(healthy)
        (supervisor,) = ours - {asyncio.current_task()}
        assert supervisor is not None
        # A wait that is cancelled from within, by nobody who asked the supervisor to end.
        waiting = supervisor._fut_waiter  # type: ignore[attr-defined]
        waiting.cancel()
        await eventually(healthy)
        assert not supervisor.done()
    finally:
        await broker.stop()
