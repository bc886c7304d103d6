"""What stands in RabbitMQ: a topic exchange, a quorum queue per subscription, a quorum queue per retry delay."""

from collections.abc import Sequence

import aio_pika
from aio_pika.abc import AbstractChannel

from libs.common.messaging.broker import queue_name
from libs.common.messaging.subscription import Subscription

# RabbitMQ 4 drops a message after 20 returns unless told otherwise; ours are counted by us, and never dropped.
_DELIVERY_LIMIT = 1_000_000_000
# How long any step may take.
STEP_SECONDS = 10.0


class Topology:
    """The exchanges and queues of one namespace."""

    def __init__(self, namespace: str, retry_delays: Sequence[float]) -> None:
        self.namespace = namespace
        self.retry_delays = retry_delays
        self.exchange = f"{namespace}.events"

    def queue(self, subscription: Subscription) -> str:
        """The queue of a subscription."""
        return queue_name(self.namespace, subscription)

    def retry_queue(self, delay: float) -> str:
        """Where messages wait for so many seconds, which is also the exchange that leads there."""
        # Named by its milliseconds, since a queue cannot be declared again with another time to live.
        return f"{self.namespace}.retry.{round(delay * 1000)}"

    async def declare_exchanges(self, channel: AbstractChannel) -> None:
        """What all subscriptions share."""
        await channel.declare_exchange(self.exchange, aio_pika.ExchangeType.TOPIC, durable=True)
        for delay in self.retry_delays:
            await self._declare_retry(channel, delay)

    async def declare(self, channel: AbstractChannel, subscription: Subscription) -> None:
        """The queue of a subscription, with what it takes."""
        queue = await channel.declare_queue(
            self.queue(subscription),
            durable=True,
            arguments={"x-queue-type": "quorum", "x-delivery-limit": _DELIVERY_LIMIT},
            timeout=STEP_SECONDS,
        )
        for pattern in subscription.patterns:
            await queue.bind(self.exchange, routing_key=pattern, timeout=STEP_SECONDS)

    async def _declare_retry(self, channel: AbstractChannel, delay: float) -> None:
        name = self.retry_queue(delay)
        exchange = await channel.declare_exchange(name, aio_pika.ExchangeType.FANOUT, durable=True)
        queue = await channel.declare_queue(
            name,
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-message-ttl": round(delay * 1000),
                # Through the default exchange back to the queue that the routing key names, and not lost on the way.
                "x-dead-letter-exchange": "",
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        await queue.bind(exchange)
