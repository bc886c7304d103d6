"""The RabbitMQ broker passes the suite."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aio_pika
import pytest

from libs.common.messaging.broker import Broker, queue_name
from libs.common.messaging.listening import Listener
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.rabbit_listener import RabbitListener
from libs.common.messaging.subscription import Subscription
from libs.common.testing.broker_suite import BrokerSuite, MakeBroker


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
