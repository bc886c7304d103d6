"""Joining RabbitMQ anew: soon, whatever there is to declare, and asked whether it is well without harm."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aio_pika
import pytest
from aiormq.exceptions import AMQPConnectionError
from yarl import URL

from libs.common.messaging.broker import PublishFailed, queue_name
from libs.common.messaging.rabbit import RabbitBroker
from libs.common.messaging.rabbit_session import open_session
from libs.common.messaging.rabbit_topology import Topology
from libs.common.messaging.subscription import Subscription
from libs.common.testing.brokers.things import THINGS, Recorder, joined, things, unused
from libs.common.testing.certificates import certificate_in
from libs.common.testing.eventually import eventually

pytestmark = pytest.mark.rabbit

MANY = [Subscription(f"suite.many_{n}", THINGS.events, unused) for n in range(30)]


class Wire:
    """The way to a server, which counts how often the client waited for it before it said more, and can be cut.

    While `answers` is not set, nothing comes back over it.
    """

    def __init__(self, url: str) -> None:
        self._target = URL(url)
        self.turns = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self._ends: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def open(self, tls: ssl.SSLContext | None = None) -> URL:
        """Listen; gives the URL that leads over this way."""
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=tls)
        return self._target.with_port(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """End all connections, and count anew."""
        self.turns = 0
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def close(self) -> None:
        """Listen no more."""
        self.cut()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._target.host, self._target.port)
        self._ends += [writer, far_writer]
        has_heard = True

        async def up() -> None:
            nonlocal has_heard
            while piece := await reader.read(65536):
                self.turns += has_heard
                has_heard = False
                far_writer.write(piece)

        async def down() -> None:
            nonlocal has_heard
            while piece := await far_reader.read(65536):
                has_heard = True
                await self.answers.wait()
                writer.write(piece)

        await asyncio.gather(up(), down(), return_exceptions=True)
        writer.close()
        far_writer.close()


@pytest.fixture
async def wire(rabbit_url: str) -> AsyncIterator[Wire]:
    way = Wire(rabbit_url)
    yield way
    await way.close()


@pytest.fixture
async def broker(wire: Wire, namespace: str) -> AsyncIterator[RabbitBroker]:
    made = RabbitBroker(str(await wire.open()), namespace=namespace)
    await made.start()
    yield made
    await made.stop()


async def test_it_takes_few_round_trips_to_join_again_whatever_there_is_to_declare(
    broker: RabbitBroker, wire: Wire
) -> None:
    recorder, sent = Recorder(), things(1)
    await joined(broker, recorder, *MANY)
    assert await broker.healthy()
    wire.cut()
    await eventually(lambda: _is_not_healthy(broker))
    await eventually(broker.healthy)
    turns = wire.turns
    await broker.publish(sent)
    await eventually(lambda: len(recorder.got) == len(MANY))
    # A declaration, a binding and a consumer of each queue alone would be 90.
    assert turns < 40


async def test_when_it_is_well_again_it_takes_what_comes_for_each_queue(
    broker: RabbitBroker, wire: Wire, rabbit_url: str, namespace: str
) -> None:
    await joined(broker, Recorder(), *MANY)
    async with await aio_pika.connect(rabbit_url) as connection:
        channel = await connection.channel()
        wire.cut()
        await eventually(lambda: _is_not_healthy(broker))
        await eventually(broker.healthy)
        names = [queue_name(namespace, one) for one in reversed(MANY)]
        counted = [
            (await channel.declare_queue(name, passive=True)).declaration_result.consumer_count
            for name in names
        ]
    assert all(counted)


async def test_it_joins_over_tls_where_the_url_says_so_a_server_that_is_vouched_for(
    wire: Wire, namespace: str, tmp_path: Path
) -> None:
    certificate, key = certificate_in(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    url = (await wire.open(tls)).with_scheme("amqps")
    broker = RabbitBroker(str(url.update_query(cafile=str(certificate))), namespace=namespace)
    recorder = Recorder()
    with pytest.raises(AMQPConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        await open_session(url, Topology(namespace, []), [])
    await broker.start()
    try:
        await joined(broker, recorder, THINGS)
        await broker.publish(things(3))
        await eventually(lambda: len(recorder.got) == 3)
    finally:
        await broker.stop()


async def test_a_question_that_nobody_waits_for_any_more_ends_no_connection(broker: RabbitBroker) -> None:
    session = broker._session
    asked = asyncio.create_task(broker.healthy())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert await broker.healthy()
    assert broker._session is session


async def test_a_question_that_the_library_gives_up_without_a_reason_is_answered_with_no(
    broker: RabbitBroker, wire: Wire
) -> None:
    assert broker._session is not None
    wire.answers.clear()
    turns = wire.turns
    asked = asyncio.create_task(broker.healthy())
    await eventually(lambda: wire.turns > turns)
    # As it does with what belongs to a channel that ends.
    await broker._session.declarer._cancel_tasks(None)
    assert not await asked
    wire.answers.set()


async def test_a_queue_that_was_made_otherwise_is_named(
    broker: RabbitBroker, rabbit_url: str, namespace: str
) -> None:
    async with await aio_pika.connect(rabbit_url) as connection:
        channel = await connection.channel()
        await channel.declare_queue(queue_name(namespace, THINGS), durable=True)
    with pytest.raises(ConnectionError, match=f"could not be declared.*{queue_name(namespace, THINGS)}"):
        await broker.declare([*MANY[:2], THINGS, *MANY[2:4]])


async def test_a_queue_that_was_deleted_is_made_again(
    broker: RabbitBroker, rabbit_url: str, namespace: str
) -> None:
    recorder, queue = Recorder(), queue_name(namespace, THINGS)
    await joined(broker, recorder, THINGS)

    async def takes() -> Sequence[object]:
        with contextlib.suppress(PublishFailed):
            await broker.publish(things(1))
        return recorder.got

    async with await aio_pika.connect(rabbit_url) as connection:
        channel = await connection.channel()
        await channel.queue_delete(queue)
        await eventually(takes)
        made = (await channel.declare_queue(queue, passive=True)).declaration_result
    assert made.consumer_count == 1


async def _is_not_healthy(broker: RabbitBroker) -> bool:
    return not await broker.healthy()
