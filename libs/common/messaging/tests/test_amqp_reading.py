"""Deliveries are taken off the socket as the client library would read them, and whatever else comes is left to it."""

import asyncio
import struct
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import aiormq
import pamqp.frame
import pytest
from aiormq import spec
from hypothesis import given
from hypothesis import strategies as st
from pamqp.body import ContentBody
from pamqp.header import ContentHeader
from pamqp.heartbeat import Heartbeat

from libs.common.messaging.amqp_reading import UNREADABLE, DeliveryReader, Message
from libs.common.testing.in_no_time import in_no_time

CHANNEL, QUEUE = 3, "pillars.suite.things"
HEARTBEAT = Heartbeat().marshal()


def reader_of(got: list[Message], take: Any = None) -> DeliveryReader:
    reader = DeliveryReader()
    reader.channel = cast(
        aiormq.Channel, SimpleNamespace(number=CHANNEL, consumers={QUEUE: take or got.append})
    )
    return reader


def delivery(
    number: int,
    body: bytes = b"{}",
    *,
    queue: str = QUEUE,
    channel: int = CHANNEL,
    piece: int = 100,
    **properties: Any,
) -> list[bytes]:
    """The frames of a message."""
    frames: list[Any] = [
        spec.Basic.Deliver(consumer_tag=queue, delivery_tag=number, exchange="e", routing_key="r"),
        ContentHeader(body_size=len(body), properties=spec.Basic.Properties(**properties)),
        *(ContentBody(body[start : start + piece]) for start in range(0, len(body), piece)),
    ]
    return [pamqp.frame.marshal(frame, channel) for frame in frames]


async def left_of(reader: DeliveryReader) -> bytes:
    """What the library has to read, without the heartbeats."""
    reader.feed_eof()
    return (await reader.read()).replace(HEARTBEAT, b"")


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_values = st.recursive(
    st.one_of(_texts, st.integers(-(2**63), 2**63 - 1), st.booleans(), st.none(), st.builds(bytearray)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_texts, inner, max_size=2),
    max_leaves=4,
)
_messages = st.fixed_dictionaries(
    {
        "number": st.integers(1, 2**63 - 1),
        "body": st.binary(max_size=300),
        "piece": st.integers(1, 200),
        "headers": st.none() | st.dictionaries(_texts, _texts | _values, max_size=4),
        "content_type": st.none() | _texts,
        "content_encoding": st.none() | _texts,
        "message_id": st.none() | _texts,
    }
)
_others = st.sampled_from(
    [
        [pamqp.frame.marshal(spec.Basic.Qos(), CHANNEL)],
        [pamqp.frame.marshal(spec.Basic.Cancel(consumer_tag=QUEUE), CHANNEL)],
        [HEARTBEAT],
        delivery(7, b"for a channel of the library's", channel=4),
        delivery(8, b"for nobody", queue="another"),
        [
            pamqp.frame.marshal(spec.Basic.GetOk(1, False, "e", "r", 0), CHANNEL),
            *delivery(9, b"asked for")[1:],
        ],
    ]
)


@given(story=st.lists(st.one_of(_messages, _others), max_size=8), cuts=st.lists(st.integers(1, 150)))
async def test_messages_are_those_of_the_library_however_they_are_cut(
    story: list[dict[str, Any] | list[bytes]], cuts: list[int]
) -> None:
    got: list[Message] = []
    reader, sent, expected, left = reader_of(got), b"", [], b""
    for one in story:
        if isinstance(one, list):
            sent += b"".join(one)
            left += b"".join(one).replace(HEARTBEAT, b"")
            continue
        frames = delivery(**one)
        sent += b"".join(frames)
        _, _, header = pamqp.frame.unmarshal(frames[1])
        assert isinstance(header, ContentHeader)
        expected.append(Message(one["number"], header.properties.headers or {}, one["body"]))
    for size in cuts:
        piece, sent = sent[:size], sent[size:]
        reader.feed_data(piece)
    reader.feed_data(sent)
    assert got == expected
    assert await left_of(reader) == left


async def test_a_header_that_is_no_text_comes_as_bytes() -> None:
    got: list[Message] = []
    raw = b"".join(delivery(1, headers={"ce-type": "plain", "ce-subject": "none"}))
    reader_of(got).feed_data(raw.replace(b"none", b"\xff\xfeab"))
    assert got[0].headers == {"ce-type": "plain", "ce-subject": b"\xff\xfeab"}


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("at", datetime(2026, 1, 1, tzinfo=UTC), struct.pack(">Q", 2**63 - 1)),
        ("none", "text", b"\xff\xfeab"),
        ("inner", {"none": "text"}, b"\xff\xfeab"),
    ],
)
async def test_headers_that_cannot_be_read_are_one_that_says_so_and_the_next_message_comes(
    name: str, value: Any, wrong: bytes
) -> None:
    got: list[Message] = []
    right = struct.pack(">Q", int(value.timestamp())) if isinstance(value, datetime) else b"none"
    raw = b"".join(delivery(1, headers={name: value})).replace(right, wrong)
    reader_of(got).feed_data(raw + b"".join(delivery(2, headers={"ce-type": "plain"})))
    assert [message.number for message in got] == [1, 2]
    assert list(got[0].headers) == [UNREADABLE]
    assert wrong in got[0].headers[UNREADABLE]
    assert got[1].headers == {"ce-type": "plain"}


async def test_what_was_begun_when_the_connection_ended_is_no_message() -> None:
    got: list[Message] = []
    reader, frames = reader_of(got), delivery(1, b"a body")
    reader.feed_data(b"".join(frames)[:-3])
    assert await left_of(reader) == frames[-1][:-3]
    assert not got


@pytest.mark.parametrize(
    "said",
    [b"AMQP\x00\x00\x09\x01", b"\x01\x00\x03\x00\x00\x00\x01ab\x01\x00", b"HTTP/1.1 400 Bad Request\r\n"],
)
async def test_what_is_no_frame_is_the_librarys_to_refuse(said: bytes) -> None:
    got: list[Message] = []
    reader, frames = reader_of(got), b"".join(delivery(1))
    reader.feed_data(frames + said)
    reader.feed_data(frames)
    assert len(got) == 1
    assert await left_of(reader) == said + frames


async def test_one_that_cannot_be_taken_keeps_none_of_the_others_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    got: list[Message] = []

    def take(message: Message) -> None:
        if message.number == 2:
            raise LookupError("nobody knows why")
        got.append(message)

    reader = reader_of(got, take)
    reader.feed_data(b"".join(b"".join(delivery(number)) for number in (1, 2, 3)))
    assert [message.number for message in got] == [1, 3]
    assert "could not be taken" in caplog.text


def test_the_library_hears_that_a_server_which_only_delivers_is_alive() -> None:
    beats: list[int] = []

    async def deliver_steadily() -> None:
        reader = reader_of([])
        for number in range(1, 200):
            reader.feed_data(b"".join(delivery(number)))
            await asyncio.sleep(0.1)
        reader.feed_eof()
        heard = await reader.read()
        assert heard.replace(HEARTBEAT, b"") == b""
        beats.append(len(heard) // len(HEARTBEAT))

    in_no_time(deliver_steadily())
    # Twenty seconds; it is given up after three missed beats.
    assert 15 <= beats[0] <= 21
