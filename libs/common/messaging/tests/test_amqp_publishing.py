"""The frames of a batch are those of the client library; what is refused or lost is named."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aio_pika
import aiormq
import pytest
from aiormq import spec
from aiormq.abc import ChannelFrame
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from libs.common.ids import new_id
from libs.common.messaging.amqp_binding import to_message
from libs.common.messaging.amqp_publishing import event_frames, publish_batch
from libs.common.messaging.broker import PublishFailed
from libs.common.messaging.envelope import Envelope
from libs.common.testing.brokers.things import ThingHappened, made, things

EXCHANGE = "pillars.events"


def by_the_library(channel: int, envelope: Envelope, max_body: int) -> bytes:
    """What the client library sends for an event."""
    message = to_message(envelope)
    frames: list[Any] = [
        spec.Basic.Publish(exchange=EXCHANGE, routing_key=envelope.type, mandatory=True),
        ContentHeader(properties=message.properties, body_size=len(message.body)),
    ]
    for start in range(0, len(message.body), max_body):
        frames.append(ContentBody(message.body[start : start + max_body]))
    return ChannelFrame.marshall(channel, frames).payload


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(
    channel=st.integers(1, 2047),
    data=st.dictionaries(_texts, st.one_of(_texts, st.integers(-(2**53), 2**53), st.none()), max_size=5),
    actor=st.none() | _texts,
    correlation_id=st.none() | _texts,
    max_body=st.integers(5, 200),
)
def test_the_frames_are_those_of_the_client_library(
    channel: int, data: dict[str, Any], actor: str | None, correlation_id: str | None, max_body: int
) -> None:
    event = ThingHappened(thing_id=new_id())
    envelope = made(event, data=data, actor=actor, correlation_id=correlation_id)
    assert event_frames(channel, EXCHANGE, envelope, max_body) == by_the_library(channel, envelope, max_body)


@pytest.mark.parametrize("attempts", [1, 6, 70_000])
def test_an_event_that_failed_bears_its_attempts(attempts: int) -> None:
    envelope = made(ThingHappened(thing_id=new_id()), attempts=attempts)
    assert event_frames(1, EXCHANGE, envelope, 1000) == by_the_library(1, envelope, 1000)


@pytest.fixture
async def connection(rabbit_url: str) -> AsyncIterator[aio_pika.abc.AbstractConnection]:
    async with await aio_pika.connect(rabbit_url) as made_connection:
        yield made_connection


async def a_channel(
    connection: aio_pika.abc.AbstractConnection, exchange: str, queue_for: str
) -> tuple[aiormq.Channel, aio_pika.abc.AbstractQueue]:
    """A channel in confirm mode, and a queue that takes one type of event."""
    channel = await connection.channel(on_return_raises=True)
    made_exchange = await channel.declare_exchange(exchange, aio_pika.ExchangeType.TOPIC, auto_delete=True)
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(made_exchange, routing_key=queue_for)
    return await channel.get_underlay_channel(), queue  # type: ignore[return-value]


async def taken(queue: aio_pika.abc.AbstractQueue, count: int) -> list[UUID]:
    """The ids of so many messages."""
    found = []
    for _ in range(count):
        message = await queue.get(no_ack=True)
        found.append(UUID(message.message_id))
    return found


@pytest.mark.rabbit
async def test_a_batch_arrives_whole_and_in_order_and_leaves_nothing_behind(
    connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    channel, queue = await a_channel(connection, namespace, ThingHappened.wire_name)
    # Larger than what one frame may hold, so that bodies are split, and more than one write.
    big = made(ThingHappened(thing_id=new_id()), data={"text": "x" * 300_000})
    sent = [*things(150), big, *things(50)]
    await publish_batch(channel, namespace, sent)
    assert await taken(queue, 201) == [envelope.id for envelope in sent]
    assert not channel.confirmations
    assert not channel.message_id_delivery_tag
    # The library's own way of publishing goes on counting where the batch ended.
    await channel.basic_publish(b"{}", exchange=namespace, routing_key=ThingHappened.wire_name, timeout=5)


@pytest.mark.rabbit
async def test_what_reaches_no_queue_is_named_and_the_rest_is_confirmed(
    connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    channel, queue = await a_channel(connection, namespace, ThingHappened.wire_name)
    sent = things(9)
    stray = [made(ThingHappened(thing_id=new_id()), type="suite.nobody_takes_it.v1") for _ in range(2)]
    with pytest.raises(PublishFailed) as failure:
        await publish_batch(channel, namespace, [*sent[:4], *stray, *sent[4:]])
    assert failure.value.event_ids == {envelope.id for envelope in stray}
    assert await taken(queue, 9) == [envelope.id for envelope in sent]
    await publish_batch(channel, namespace, things(3))


@pytest.mark.rabbit
async def test_batches_at_the_same_time_do_not_mix(
    connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    channel, queue = await a_channel(connection, namespace, ThingHappened.wire_name)
    batches = [things(120) for _ in range(5)]
    await asyncio.gather(*(publish_batch(channel, namespace, batch) for batch in batches))
    arrived = await taken(queue, 600)
    for batch in batches:
        wanted = {envelope.id for envelope in batch}
        assert [event_id for event_id in arrived if event_id in wanted] == [e.id for e in batch]


@pytest.mark.rabbit
async def test_a_batch_fails_when_the_channel_is_closed(
    connection: aio_pika.abc.AbstractConnection, namespace: str
) -> None:
    channel, _ = await a_channel(connection, namespace, ThingHappened.wire_name)
    # The server closes the channel: there is no such exchange.
    with pytest.raises(PublishFailed) as failure:
        async with asyncio.timeout(10):
            await publish_batch(channel, f"{namespace}.none", things(3))
    assert failure.value.event_ids is None
    with pytest.raises(PublishFailed):
        await publish_batch(channel, namespace, things(3))
