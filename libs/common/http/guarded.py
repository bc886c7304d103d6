"""The protocol of a server with limits: strict about what frames a request, and about what one client may hold."""

import asyncio
import re
import socket
import struct
from typing import Any

from libs.common.errors import AppError
from libs.common.http.connection_limits import (
    NOT_HTTP,
    Connection,
    ConnectionTable,
    HeadTooLarge,
    raw_problem,
)
from libs.common.http.protocol import HttpProtocol

_AUTHORITY = re.compile(rb"[/?#]")


class GuardedProtocol(HttpProtocol, Connection):
    """Reads requests; closes the connection on what could be read in two ways, such as two lengths of one body.

    With a `table` it keeps to the limits of that one. Trailers are read and dropped: nothing here waits for any, and
    among the headers they would say what the head of the request did not.
    """

    table: ConnectionTable | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.address = ""
        self._is_head = True
        self._is_deaf = False
        # Bytes that were no body, since the last that were.
        self._overhead = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client is here."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self.table is not None:
            self.table.open(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has left."""
        if self.table is not None:
            self.table.close(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._is_deaf or self.transport.is_closing():
            return
        self._overhead += len(data)
        super().data_received(data)
        if self.table is not None and self._overhead > self.table.limits.head_bytes:
            limit = self.table.limits.head_bytes
            self.refuse(HeadTooLarge(f"The head takes more than {limit} bytes.", limit_bytes=limit))

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        self._is_head = True
        if self.table is not None:
            self.table.begins(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer."""
        if self._is_head:
            name, value = name.lower(), value.strip(b" \t")
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """A request is in hand.

        Raises:
            ValueError: two readers could take it for two different ones; the parser makes 400 of it.
        """
        self._is_head = False
        self._check_head()
        if self.table is not None:
            self.table.works(self)
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The parser reads nothing of HTTP after this one.
            self.cycle.keep_alive = False

    def _check_head(self) -> None:
        version = self.parser.get_http_version()
        if version != "1.1" and version != "1.0":
            raise ValueError("another version of HTTP")
        hosts = []
        for name, value in self.headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version == "1.0"):
                # RFC 9112, section 6.1: other codings are not undone here, and HTTP/1.0 knows none.
                raise ValueError("another transfer coding")
        if not hosts and version == "1.1":
            raise ValueError("no host")
        if not self.url.startswith(b"/") and b"://" in self.url:
            # RFC 9112, section 3.2.2: the host of an absolute form counts, so it must be the one of the header.
            authority = _AUTHORITY.split(self.url.partition(b"://")[2], maxsplit=1)[0]
            if [host.lower() for host in hosts] != [authority.lower()]:
                raise ValueError("two hosts")

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._overhead = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is here in full."""
        self._overhead = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered."""
        super().on_response_complete()
        if self.table is not None and not self.transport.is_closing() and self.cycle.response_complete:
            self.table.waits(self)

    def pause_writing(self) -> None:
        """The client does not take what is there for it."""
        super().pause_writing()
        if self.table is not None:
            self.table.stuck(self, True)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        if self.table is not None:
            self.table.stuck(self, False)

    def refuse(self, error: AppError) -> None:
        """Say what is wrong and close."""
        self._end(raw_problem(error))

    def leave(self) -> None:
        """Close without a word."""
        self.transport.close()

    def drop(self) -> None:
        """Close at once, and forget what is not sent yet: to whom takes nothing it would be kept for long."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        # Anybody can ask for an upgrade, as often as he likes; that is nothing to log.
        return

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read."""
        self._end(NOT_HTTP)

    def _end(self, answer: bytes) -> None:
        if self.transport.is_closing():
            return
        self._is_deaf = True
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            self.transport.write(answer)
            self.transport.close()
        elif cycle.more_body:
            # It is the body of the request in hand that is broken.
            if not cycle.response_started and not self.pipeline:
                self.transport.write(answer)
            self.transport.close()
        else:
            # What came before is whole: it gets its answer, and the connection ends behind that.
            cycle.keep_alive = False
