"""What stands in RabbitMQ: a topic exchange, a quorum queue per subscription, a quorum queue per retry delay."""

from collections.abc import Sequence

from aiormq import spec
from pamqp.base import Frame

from libs.common.messaging.broker import queue_name
from libs.common.messaging.subscription import Subscription

# RabbitMQ 4 drops a message after 20 returns unless told otherwise; ours are counted by us, and never dropped.
_DELIVERY_LIMIT = 1_000_000_000
# How long any step may take.
STEP_SECONDS = 10.0


class Topology:
    """The exchanges and queues of one namespace, as the commands that make them; each asks for no answer."""

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

    def shared(self) -> list[Frame]:
        """What makes the things that all subscriptions share."""
        commands: list[Frame] = [
            spec.Exchange.Declare(exchange=self.exchange, exchange_type="topic", durable=True, nowait=True)
        ]
        for delay in self.retry_delays:
            commands += self._retry(delay)
        return commands

    def of(self, subscription: Subscription) -> list[Frame]:
        """What makes the queue of a subscription, with what it takes."""
        name = self.queue(subscription)
        return [
            _quorum_queue(name, {"x-delivery-limit": _DELIVERY_LIMIT}),
            *(
                spec.Queue.Bind(queue=name, exchange=self.exchange, routing_key=pattern, nowait=True)
                for pattern in subscription.patterns
            ),
        ]

    def _retry(self, delay: float) -> list[Frame]:
        name = self.retry_queue(delay)
        arguments: dict[str, str | int] = {
            "x-message-ttl": round(delay * 1000),
            # Through the default exchange back to the queue that the routing key names, and not lost on the way.
            "x-dead-letter-exchange": "",
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        }
        return [
            spec.Exchange.Declare(exchange=name, exchange_type="fanout", durable=True, nowait=True),
            _quorum_queue(name, arguments),
            spec.Queue.Bind(queue=name, exchange=name, nowait=True),
        ]


def _quorum_queue(name: str, arguments: dict[str, str | int]) -> Frame:
    return spec.Queue.Declare(
        queue=name, durable=True, arguments={"x-queue-type": "quorum", **arguments}, nowait=True
    )
