"""Two connections to RabbitMQ with their channels, made together and lost together.

One publishes and one consumes: short of memory or disk, the server reads nothing more from those that publish, and
what is in hand must be acknowledged all the same.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from yarl import URL

from libs.common.messaging.amqp_errors import AWAY
from libs.common.messaging.rabbit_topology import STEP_SECONDS, Topology
from libs.common.messaging.subscription import Subscription
from libs.common.messaging.waiting import cancelled_by_us_only

LOST = "the connection to RabbitMQ was lost"
BLOCKED = "RabbitMQ takes no messages now: it is short of memory or disk"
lost_unless_by_us = partial(cancelled_by_us_only, LOST)


@dataclass(slots=True)
class Session:
    """Both connections with their channels; `lost` is set when any of them is gone.

    Whatever is no message (declarations, questions) goes over `connection`, the one that consumes, since the other
    may be blocked.
    """

    topology: Topology
    connection: AbstractConnection
    publishing_connection: AbstractConnection
    declaring: AbstractChannel
    publishing: AbstractChannel
    retrying: AbstractChannel
    consuming: AbstractChannel
    publisher: aiormq.Channel
    receiver: aiormq.Channel
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    tags: dict[str, str] = field(default_factory=dict)
    prefetch: int = 0
    declared: set[str] = field(default_factory=set)
    consuming_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def declare(self, subscription: Subscription) -> None:
        """Make the queue of a subscription."""
        await self.topology.declare(self.declaring, subscription)
        self.declared.add(self.topology.queue(subscription))

    async def take_ahead(self, messages: int) -> None:
        """Let each consumer started from now on have so many messages in hand."""
        if messages != self.prefetch:
            await self.receiver.basic_qos(prefetch_count=messages, timeout=STEP_SECONDS)
            self.prefetch = messages

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
        await _close(self.publishing_connection)
        await _close(self.connection)


async def open_session(url: URL, topology: Topology, subscriptions: Iterable[Subscription]) -> Session:
    """Connect twice, and declare everything anew."""
    async with AsyncExitStack() as opened:
        connection = await _connect(url, f"{topology.namespace} consuming", opened)
        publishing_connection = await _connect(url, f"{topology.namespace} publishing", opened)
        declaring, consuming = await connection.channel(), await connection.channel()
        publishing = await publishing_connection.channel(on_return_raises=True)
        retrying = await publishing_connection.channel(on_return_raises=True)
        publisher = cast(aiormq.Channel, await publishing.get_underlay_channel())
        receiver = cast(aiormq.Channel, await consuming.get_underlay_channel())
        session = Session(
            topology,
            connection,
            publishing_connection,
            declaring,
            publishing,
            retrying,
            consuming,
            publisher,
            receiver,
        )

        def lose(*_: Any) -> None:
            session.lost.set()

        for one in (connection, publishing_connection):
            one.close_callbacks.add(lose)
        for channel in (declaring, publishing, retrying, consuming):
            channel.close_callbacks.add(lose)
        # The server ends a consumer on its own when the queue is deleted or moves.
        receiver.on_consumer_cancel_callbacks.add(lose)
        await topology.declare_exchanges(declaring)
        for subscription in list(subscriptions):
            await session.declare(subscription)
        opened.pop_all()
    return session


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

    def __del__(self) -> None:
        """Do nothing."""


async def _close(connection: AbstractConnection) -> None:
    with contextlib.suppress(*AWAY), lost_unless_by_us():
        async with asyncio.timeout(5):
            await connection.close()
