"""Writes the heads of answers: most of their headers are the same in each, and are put into lines once.

The server library looks at every header of every answer anew, which at the edge, where answers bear a dozen headers, is a
tenth of the whole request.
"""

import http
import re
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
# Values of these come from a few lines of ours, never from one request.
_REPEATED = frozenset(
    {
        b"cache-control",
        b"content-security-policy",
        b"content-type",
        b"cross-origin-opener-policy",
        b"ratelimit-limit",
        b"referrer-policy",
        b"strict-transport-security",
        b"vary",
        b"x-content-type-options",
        b"x-frame-options",
    }
)
_WITHOUT_LENGTH = (204, 304)


async def send(cycle: RequestResponseCycle, message: Any) -> None:
    """The ASGI `send` of a request: writes a head itself, and leaves bodies to the library.

    Raises:
        ValueError: a header would not be one header.
    """
    if cycle.response_started or message["type"] != "http.response.start":
        await cycle.send(message)
        return
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    status: int = message["status"]
    lines = [_status_line(status)]
    is_chunked, length, closes = None, 0, False
    for name, value in (*cycle.default_headers, *message.get("headers", ())):
        if name in _REPEATED:
            lines.append(_repeated(name, value))
            continue
        lines.append(_line(name, value))
        match name.lower():
            case b"content-length" if is_chunked is None:
                is_chunked, length = False, int(value)
            case b"transfer-encoding" if value.lower() == b"chunked":
                is_chunked, length = True, 0
            case b"connection" if b"close" in [token.strip().lower() for token in value.split(b",")]:
                closes = True
    if not cycle.keep_alive and not closes:
        lines.append(b"connection: close\r\n")
    if is_chunked is None and cycle.scope["method"] != "HEAD" and status not in _WITHOUT_LENGTH:
        is_chunked = True
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n")
    # Only now: of a head that is refused nothing may stay for the answer that says so.
    cycle.keep_alive = cycle.keep_alive and not closes
    cycle.chunked_encoding, cycle.expected_content_length = is_chunked, length
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.transport.write(b"".join(lines))


@lru_cache(maxsize=128)
def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return b"HTTP/1.1 %d %s\r\n" % (status, phrase.encode("ascii"))


def _line(name: bytes, value: bytes) -> bytes:
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise ValueError("a header with a control byte, or a name that is none")
    return b"%b: %b\r\n" % (name, value)


_repeated = lru_cache(maxsize=1024)(_line)
