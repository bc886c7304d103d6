"""Hears broadcast events from RabbitMQ: a queue of this process's own that ends with its connection."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence

import aiormq
import orjson
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic
from yarl import URL

from libs.common.messaging.amqp_errors import AWAY
from libs.common.messaging.listening import Hear
from libs.common.messaging.waiting import cancelled_by_us_only

_STEP_SECONDS = 5.0
_CLOSE_SECONDS = 1.0
_CHECK = "check"
_LOST = "the connection to the bus was lost"


class RabbitListener:
    """One connection to one RabbitMQ."""

    def __init__(self, url: str, *, namespace: str = "pillars") -> None:
        self._url = URL(url).update_query(heartbeat="15", name=f"{namespace} listening")
        self._exchange = f"{namespace}.events"
        self._channel: aiormq.abc.AbstractChannel | None = None
        self._queue = ""
        self._checks: list[asyncio.Future[None]] = []

    async def listen(self, types: Sequence[str], hear: Hear, begun: Callable[[], None]) -> None:
        """See `Listener`."""
        logging.getLogger("aiormq").setLevel(logging.CRITICAL)
        lost = asyncio.get_running_loop().create_future()

        def lose(*_: object) -> None:
            if not lost.done():
                lost.set_result(None)

        async def told(message: DeliveredMessage) -> None:
            if message.header.properties.message_type == _CHECK:
                self._settle(None)
                return
            hear(message.routing_key or "", orjson.loads(message.body))

        connection = aiormq.Connection(self._url)
        try:
            with cancelled_by_us_only(_LOST):
                async with asyncio.timeout(_STEP_SECONDS):
                    await connection.connect()
                    connection.closing.add_done_callback(lose)
                    channel = await connection.channel(publisher_confirms=False)
                    channel.closing.add_done_callback(lose)
                    channel.on_consumer_cancel_callbacks.add(lose)
                    await channel.exchange_declare(self._exchange, exchange_type="topic", durable=True)
                    declared = await channel.queue_declare(exclusive=True, auto_delete=True)
                    self._queue = declared.queue or ""
                    for name in types:
                        await channel.queue_bind(self._queue, self._exchange, routing_key=name)
                    await channel.basic_consume(self._queue, told, no_ack=True)
                self._channel = channel
                begun()
                await lost
        except AWAY as error:
            raise ConnectionError(f"the bus cannot be listened to: {error}") from error
        finally:
            self._channel = None
            self._settle(ConnectionError(_LOST))
            with contextlib.suppress(*AWAY), cancelled_by_us_only(_LOST):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await connection.close()
        raise ConnectionError(_LOST)

    async def check(self) -> None:
        """See `Listener`."""
        channel = self._channel
        if channel is None:
            raise ConnectionError("nobody listens to the bus")
        asked = asyncio.get_running_loop().create_future()
        self._checks.append(asked)
        try:
            # Through the default exchange into the queue of this connection, behind what is in it.
            with cancelled_by_us_only(_LOST):
                await channel.basic_publish(
                    b"", routing_key=self._queue, properties=Basic.Properties(message_type=_CHECK)
                )
        except AWAY as error:
            raise ConnectionError(f"the bus does not answer: {error}") from error
        await asked

    def _settle(self, error: ConnectionError | None) -> None:
        asked, self._checks = self._checks, []
        for one in asked:
            if one.done():
                continue
            if error is None:
                one.set_result(None)
            else:
                one.set_exception(error)
