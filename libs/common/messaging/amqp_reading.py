"""Takes what comes for consumers off the socket, in front of the client library.

The library spends three reads, two queues and a task on each message, which was most of what a consumer took that
writes its rows in batches. What is no delivery it reads as ever: its reader is that of a transport of ours.
"""

import asyncio
import logging
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, SupportsIndex, cast

import aiormq
from aiormq.connection import TransportFactory
from pamqp.decode import field_table
from pamqp.heartbeat import Heartbeat
from yarl import URL

logger = logging.getLogger("pillars.bus")

# Type, channel and size in front of each frame; one byte ends it.
_FRAME = struct.Struct(">BHI")
_METHOD, _HEADER, _BODY, _END = 1, 2, 3, 0xCE
_KINDS = frozenset((_METHOD, _HEADER, _BODY, 8))
_LARGEST = 2**20
# Class basic (60), method deliver (60); then the consumer's tag, and the number of the delivery.
_DELIVER = b"\x00\x3c\x00\x3c"
_NUMBER = struct.Struct(">Q")
# Class and weight, the size of the body, and which properties follow, of which the headers come third.
_CONTENT = struct.Struct(">xxxxQH")
_MORE_FLAGS, _CONTENT_TYPE, _CONTENT_ENCODING, _HEADERS = 1, 1 << 15, 1 << 14, 1 << 13
_SIZE = struct.Struct(">I")
_TEXT = ord("S")
# The header in place of those that cannot be read, with their bytes.
UNREADABLE = "x-pillars-unreadable"
_HEARTBEAT = Heartbeat().marshal()
_BEAT_SECONDS = 1.0


@dataclass(slots=True)
class Message:
    """A message as it came; its number is known within its channel only."""

    number: int
    headers: dict[str, Any]
    body: bytes


Take = Callable[[Message], None]


class DeliveryReader(asyncio.StreamReader):
    """What the library reads from, less the messages for the consumers of `channel`: they are called with each."""

    def __init__(self) -> None:
        super().__init__(loop=asyncio.get_running_loop())
        self.channel: aiormq.Channel | None = None
        self._begun = b""
        self._is_foreign = False
        self._take: Take | None = None
        self._message = Message(0, {}, b"")
        self._missing = 0
        self._beat_at = 0.0

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        """Take the deliveries out of what the server sent, and leave the rest to the library, frame by frame."""
        data = self._begun + bytes(data)
        left, start, position = [], 0, 0
        while not self._is_foreign and position + _FRAME.size < len(data):
            kind, channel, size = _FRAME.unpack_from(data, position)
            body = position + _FRAME.size
            end = body + size
            if kind not in _KINDS or size > _LARGEST or (end < len(data) and data[end] != _END):
                # No frame at all: the library says what is wrong with it.
                self._is_foreign = True
                break
            if end >= len(data):
                break
            if self._is_delivered(kind, channel, data[body:end]):
                left.append(data[start:position])
                start = end + 1
            position = end + 1
        if self._is_foreign:
            position = len(data)
        self._begun = data[position:]
        self._pass_on(b"".join((*left, data[start:position])), is_alive=bool(left))

    def feed_eof(self) -> None:
        """The server sends no more; the library is told what it began to say."""
        self._pass_on(self._begun, is_alive=False)
        super().feed_eof()

    def _pass_on(self, data: bytes, *, is_alive: bool) -> None:
        if is_alive and (now := asyncio.get_running_loop().time()) - self._beat_at > _BEAT_SECONDS:
            # The server sends no heartbeats while it has messages, and the library must hear that it is alive.
            self._beat_at = now
            data += _HEARTBEAT
        if data:
            super().feed_data(data)

    def _is_delivered(self, kind: int, channel: int, payload: bytes) -> bool:
        """Whether a frame is of a message for a consumer; it is then taken."""
        if self.channel is None or channel != self.channel.number:
            return False
        if kind == _METHOD:
            self._take = self._taker_of(payload) if payload.startswith(_DELIVER) else None
        elif self._take is None:
            return False
        elif kind == _HEADER:
            self._missing, self._message.headers = content_of(payload)
            if not self._missing:
                self._hand_over()
                return True
        else:
            self._message.body += payload
            self._missing -= len(payload)
            if self._missing <= 0:
                self._hand_over()
                return True
        return self._take is not None

    def _taker_of(self, payload: bytes) -> Take | None:
        end = 5 + payload[4]
        [number] = _NUMBER.unpack_from(payload, end)
        self._message = Message(number, {}, b"")
        # The library keeps consumers by their tags, and calls none of those that take messages here.
        consumers = cast("dict[str, Take]", cast(aiormq.Channel, self.channel).consumers)
        return consumers.get(payload[5:end].decode())

    def _hand_over(self) -> None:
        take, self._take = cast(Take, self._take), None
        try:
            take(self._message)
        except Exception:
            # It stays in hand, and comes again over the next connection.
            logger.exception("a message could not be taken")


def content_of(payload: bytes) -> tuple[int, dict[str, Any]]:
    """The size of a message's body and its headers, as they stand in a content header frame."""
    size, flags = _CONTENT.unpack_from(payload)
    position = _CONTENT.size
    if flags & _MORE_FLAGS:
        raise ValueError("properties that AMQP 0-9-1 does not have")
    for flag in (_CONTENT_TYPE, _CONTENT_ENCODING):
        if flags & flag:
            position += 1 + payload[position]
    return size, _table(payload, position) if flags & _HEADERS else {}


def _table(payload: bytes, start: int) -> dict[str, Any]:
    position = start + 4
    end = position + _SIZE.unpack_from(payload, start)[0]
    found: dict[str, Any] = {}
    try:
        while position < end:
            name_end = position + 1 + payload[position]
            if payload[name_end] != _TEXT:
                break
            value = name_end + 5
            value_end = value + _SIZE.unpack_from(payload, name_end + 1)[0]
            found[payload[position + 1 : name_end].decode()] = payload[value:value_end].decode()
            position = value_end
        else:
            return found
    except UnicodeDecodeError:
        pass
    # Numbers, lists and what is no text, which few messages have.
    try:
        return cast("dict[str, Any]", field_table(payload[start:])[1])
    except Exception:
        # A time in microseconds for one in seconds is enough. It is refused as what is no event, and not by ending the
        # connection, over which it would come again and end that too.
        return {UNREADABLE: payload[start:end]}


class DeliveryTransport(TransportFactory):
    """Opens the transport of one connection, and reads from it with a reader of ours."""

    def __init__(self) -> None:
        self.reader: DeliveryReader | None = None

    async def create(self, url: URL, **options: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, over TLS where the URL says so.

        Raises:
            AMQPConnectionError: nobody listens there.
        """
        context = options.pop("ssl_context_provider")
        ssl = await context.get_context() if url.scheme == "amqps" else None
        loop = asyncio.get_running_loop()
        reader = self.reader = DeliveryReader()
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        try:
            transport, _ = await loop.create_connection(
                lambda: protocol, cast(str, url.host), cast(int, url.port), ssl=ssl, **options
            )
        except OSError as error:
            raise aiormq.exceptions.AMQPConnectionError(*error.args) from error
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
