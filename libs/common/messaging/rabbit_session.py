"""Two connections to RabbitMQ with their channels, made together and lost together.

One publishes and one consumes: short of memory or disk, the server reads nothing more from those that publish, and
what is in hand must be acknowledged all the same.
"""

import asyncio
import contextlib
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar, cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractConnection
from aiormq import spec
from aiormq.abc import ConsumerCallback
from pamqp.base import Frame
from yarl import URL

from libs.common.messaging.amqp_commands import carry_out
from libs.common.messaging.amqp_errors import AWAY
from libs.common.messaging.amqp_reading import DeliveryTransport, Take
from libs.common.messaging.rabbit_topology import STEP_SECONDS, Topology
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import cancelled_by_us_only

LOST = "the connection to RabbitMQ was lost"
BLOCKED = "RabbitMQ takes no messages now: it is short of memory or disk"
lost_unless_by_us = partial(cancelled_by_us_only, LOST)
# Making many queues for the first time takes the server some seconds.
_DECLARE_SECONDS = 3 * STEP_SECONDS

T = TypeVar("T")


@dataclass(slots=True)
class Session:
    """Both connections with their channels; `lost` is set when any of them is gone.

    Whatever is no message (declarations, questions) goes over `connection`, the one that consumes, since the other
    may be blocked. `declared` and `consumed` are the queues of which this session knows that they are there, and those
    whose messages it takes.
    """

    topology: Topology
    connection: AbstractConnection
    publishing_connection: AbstractConnection
    declarer: aiormq.Channel
    receiver: aiormq.Channel
    publisher: aiormq.Channel
    retrier: aiormq.Channel
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    declared: set[str] = field(default_factory=set)
    consumed: set[str] = field(default_factory=set)
    consuming_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asking: asyncio.Task[None] | None = None

    async def declare(self, subscriptions: Collection[Subscription], *, shared: bool = False) -> None:
        """Make the queues of subscriptions, and before them, if asked for, what all share."""
        commands = self.topology.shared() if shared else []
        for subscription in subscriptions:
            commands += self.topology.of(subscription)
        await self._carry_out(self.declarer, commands, _DECLARE_SECONDS)
        self.declared.update(map(self.topology.queue, subscriptions))

    async def consume(self, prefetch: int, takers: Mapping[str, Take]) -> None:
        """Take the messages of queues, at most so many of each in hand."""
        await self.receiver.basic_qos(prefetch_count=prefetch, timeout=STEP_SECONDS)
        # Those who take messages in front of the library.
        self.receiver.consumers.update(cast("Mapping[str, ConsumerCallback]", takers))
        # A tag is known within its channel only, where each queue has one consumer.
        commands = [spec.Basic.Consume(queue=queue, consumer_tag=queue, nowait=True) for queue in takers]
        await self._carry_out(self.receiver, commands, STEP_SECONDS)
        self.consumed.update(takers)

    async def rest(self) -> None:
        """Take no more messages."""
        commands = [spec.Basic.Cancel(consumer_tag=queue, nowait=True) for queue in self.consumed]
        await self._carry_out(self.receiver, commands, STEP_SECONDS)

    async def answers(self) -> None:
        """Return once the server has answered a question; who asks meanwhile waits for the same answer."""
        if self.asking is None or self.asking.done():
            self.asking = asyncio.create_task(self._carry_out(self.declarer, [], STEP_SECONDS))
        # The channel is closed when a question is given up.
        await asyncio.shield(self.asking)

    async def may_publish(self, seconds: float) -> bool:
        """Whether the server takes messages, now or within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self.publisher.connection.ready()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """End both connections."""
        await asyncio.gather(_close(self.publishing_connection), _close(self.connection))
        if self.asking is not None:
            await asyncio.gather(self.asking, return_exceptions=True)

    async def _carry_out(self, channel: aiormq.Channel, commands: Sequence[Frame], seconds: float) -> None:
        await carry_out(channel, commands, exchange=self.topology.exchange, seconds=seconds)


async def open_session(url: URL, topology: Topology, subscriptions: Collection[Subscription]) -> Session:
    """Connect twice, and declare everything anew."""
    lost = asyncio.Event()

    def lose(*_: Any) -> None:
        lost.set()

    async def channel_of(connection: AbstractConnection, *, confirms: bool) -> aiormq.Channel:
        assert connection.transport is not None
        channel = await connection.transport.connection.channel(
            publisher_confirms=confirms, on_return_raises=True
        )
        channel.closing.add_done_callback(lose)
        return cast(aiormq.Channel, channel)

    async with AsyncExitStack() as opened:
        connection, publishing_connection = await _all(
            _connect(url, f"{topology.namespace} {work}", opened) for work in ("consuming", "publishing")
        )
        for one in (connection, publishing_connection):
            one.close_callbacks.add(lose)
        declarer, receiver, publisher, retrier = await _all(
            (
                channel_of(connection, confirms=False),
                channel_of(connection, confirms=False),
                channel_of(publishing_connection, confirms=True),
                channel_of(publishing_connection, confirms=True),
            )
        )
        assert isinstance(connection, _Connection)
        connection.read_deliveries(receiver)
        # The server ends a consumer on its own when the queue is deleted or moves.
        receiver.on_consumer_cancel_callbacks.add(lose)
        session = Session(
            topology, connection, publishing_connection, declarer, receiver, publisher, retrier, lost
        )
        await session.declare(subscriptions, shared=True)
        opened.pop_all()
    return session


async def _all(steps: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """What steps give that are taken at once; when one fails, not before all have ended."""
    done = await asyncio.gather(*steps, return_exceptions=True)
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return cast(list[T], done)


async def _connect(url: URL, name: str, opened: AsyncExitStack) -> AbstractConnection:
    connection = await aio_pika.connect(
        url,
        timeout=STEP_SECONDS,
        client_properties={"connection_name": name},
        connection_class=_Connection,
    )
    opened.push_async_callback(_close, connection)
    return connection


class _Connection(aio_pika.Connection):
    """A connection that is closed by who opened it.

    The library's own would begin to close one that failed when the collector finds it, with no event loop running then.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading = self.kwargs["transport_factory"] = DeliveryTransport()

    def read_deliveries(self, channel: aiormq.Channel) -> None:
        """Call those who take messages from a channel as these are read."""
        assert self._reading.reader is not None
        self._reading.reader.channel = channel

    def __del__(self) -> None:
        """Do nothing."""


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(*AWAY), lost_unless_by_us():
        async with asyncio.timeout(5):
            await connection.close()
