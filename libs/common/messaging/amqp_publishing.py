"""Publishes a batch of events over one AMQP channel: one write for many messages, one wait for all confirms.

The client library spends a task, a future and a write on each message, which would be most of the relay's time. The
frames here are those that it would send; a test compares them byte by byte.
"""

import asyncio
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

import aiormq
import orjson
import pamqp.frame
from aiormq import spec
from aiormq.abc import ChannelFrame
from pamqp.encode import table_integer

from libs.common.messaging.amqp_binding import ATTEMPTS, PREFIX
from libs.common.messaging.broker import PublishFailed
from libs.common.messaging.envelope import Envelope

_FRAME = struct.Struct(">BHI")
_HEADER, _BODY, _END = 2, 3, b"\xce"
# Class `basic`, no weight; then the size of the body, and which properties follow.
_CONTENT = struct.Struct(">HHQH")
_BASIC = 60
_CONTENT_TYPE, _HEADERS, _DELIVERY_MODE, _PRIORITY, _MESSAGE_ID = 1 << 15, 1 << 13, 1 << 12, 1 << 11, 1 << 7
_PRESENT = _CONTENT_TYPE | _HEADERS | _DELIVERY_MODE | _PRIORITY | _MESSAGE_ID
_SIZE = struct.Struct(">I")
_JSON = b"\x10application/json"
_PERSISTENT_OF_NO_PRIORITY = b"\x02\x00"
# Enough to make a write worth its cost, little enough to begin sending while the rest is encoded.
_CHUNK_BYTES = 64 * 1024


@lru_cache(maxsize=4096)
def _publish_frame(channel: int, exchange: str, routing_key: str) -> bytes:
    frame = spec.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True)
    return pamqp.frame.marshal(frame, channel)


@lru_cache(maxsize=64)
def _table_key(name: str) -> bytes:
    encoded = name.encode()
    return bytes([len(encoded)]) + encoded


def event_frames(channel: int, exchange: str, envelope: Envelope, max_body: int) -> bytes:
    """All frames that publish one event, persistent and `mandatory`, its type as the routing key."""
    body = orjson.dumps(envelope.data)
    table = bytearray()
    for name, value in sorted(envelope.attributes().items()):
        encoded = value.encode()
        table += _table_key(PREFIX + name) + b"S" + _SIZE.pack(len(encoded)) + encoded
    if envelope.attempts:
        table += _table_key(ATTEMPTS) + table_integer(envelope.attempts)
    message_id = str(envelope.id).encode()
    header = b"".join(
        (
            _CONTENT.pack(_BASIC, 0, len(body), _PRESENT),
            _JSON,
            _SIZE.pack(len(table)),
            table,
            _PERSISTENT_OF_NO_PRIORITY,
            bytes([len(message_id)]),
            message_id,
        )
    )
    parts = [
        _publish_frame(channel, exchange, envelope.type),
        _FRAME.pack(_HEADER, channel, len(header)),
        header,
        _END,
    ]
    for start in range(0, len(body), max_body):
        piece = body[start : start + max_body]
        parts += (_FRAME.pack(_BODY, channel, len(piece)), piece, _END)
    return b"".join(parts)


class _Batch:
    """What is not confirmed yet of a batch, and what was refused."""

    def __init__(self, done: "asyncio.Future[None]", envelopes: Sequence[Envelope]) -> None:
        self.done = done
        self.open: set[UUID] = {envelope.id for envelope in envelopes}
        self.refused: dict[UUID, BaseException] = {}

    def settle(self, event_id: UUID, error: BaseException | None) -> None:
        """One message was confirmed or refused."""
        self.open.discard(event_id)
        if error is not None:
            self.refused[event_id] = error
        if not self.open and not self.done.done():
            self.done.set_result(None)


class _Confirmation:
    """Stands where the channel keeps a future for each message."""

    __slots__ = ("_batch", "_event_id", "_is_done")

    def __init__(self, batch: _Batch, event_id: UUID) -> None:
        self._batch = batch
        self._event_id = event_id
        self._is_done = False

    def done(self) -> bool:
        return self._is_done

    def cancelled(self) -> bool:
        return False

    def set_result(self, _: Any) -> None:
        self._is_done = True
        self._batch.settle(self._event_id, None)

    def set_exception(self, error: BaseException) -> None:
        self._is_done = True
        self._batch.settle(self._event_id, error)


async def publish_batch(channel: aiormq.Channel, exchange: str, envelopes: Sequence[Envelope]) -> None:
    """Publish events and wait until each is confirmed.

    The channel is in confirm mode and reports returned messages as errors.

    Raises:
        PublishFailed: some were refused, or reached no queue, or the channel was closed meanwhile.
    """
    batch = _Batch(channel.create_future(), envelopes)
    try:
        await _send(channel, exchange, envelopes, batch)
        await batch.done
    except (aiormq.exceptions.AMQPError, OSError, RuntimeError) as error:
        raise _failed(envelopes, batch, error) from error
    finally:
        for envelope in envelopes:
            channel.message_id_delivery_tag.pop(str(envelope.id), None)
        if not batch.done.done():
            batch.done.cancel()
    if batch.refused:
        raise _failed(envelopes, batch, next(iter(batch.refused.values())))


def _failed(envelopes: Sequence[Envelope], batch: _Batch, error: BaseException) -> PublishFailed:
    missing = batch.open | batch.refused.keys()
    reason = f"{len(missing)} events were not confirmed: {type(error).__name__} {error}"
    return PublishFailed(reason, frozenset(missing) if len(missing) < len(envelopes) else None)


async def _send(channel: aiormq.Channel, exchange: str, envelopes: Sequence[Envelope], batch: _Batch) -> None:
    payload, begun = bytearray(), list[Envelope]()
    async with channel.lock:
        for envelope in envelopes:
            payload += event_frames(channel.number, exchange, envelope, channel.max_content_size)
            begun.append(envelope)
            if len(payload) >= _CHUNK_BYTES:
                await _write(channel, bytes(payload), begun, batch)
                payload, begun = bytearray(), []
                # A large batch leaves the others their turn.
                await asyncio.sleep(0)
        if begun:
            await _write(channel, bytes(payload), begun, batch)


async def _write(channel: aiormq.Channel, payload: bytes, sent: Sequence[Envelope], batch: _Batch) -> None:
    if channel.is_closed:
        raise aiormq.exceptions.ChannelInvalidStateError(f"{channel!r} closed")
    first = channel.delivery_tag + 1
    for tag, envelope in enumerate(sent, first):
        # The channel calls no more of a future than this has.
        channel.confirmations[tag] = cast("asyncio.Future[Any]", _Confirmation(batch, envelope.id))
        channel.message_id_delivery_tag[str(envelope.id)] = tag
    channel.delivery_tag += len(sent)
    try:
        await channel.write_queue.put(ChannelFrame(payload=payload, should_close=False))
    except BaseException:
        # The server has not seen them, so their numbers are free again.
        channel.delivery_tag -= len(sent)
        for tag in range(first, first + len(sent)):
            channel.confirmations.pop(tag, None)
        raise
