"""The heads of answers as bytes: how a line begins is the same in each answer, and is put together once.

The server library looks at every header of every answer anew, which at the edge, where answers bear a dozen headers, is a
tenth of the whole request.
"""

import http
import re
from collections.abc import Iterable
from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# Tabs may stand in a value; those that end a line are counted.
_CONTROLS = bytes({*range(0x20), 0x7F} - {*b"\t\r\n"})
_FRAMING = frozenset({b"connection", b"content-length", b"transfer-encoding"})
_WITHOUT_LENGTH = (204, 304)


def begin(cycle: RequestResponseCycle, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The head of the answer to a request, which begins with it; sending it is the caller's.

    Raises:
        ValueError: a header would not be one header.
    """
    lines = [_status_line(status)]
    is_chunked, length, closes = None, 0, False
    for name, value in (*cycle.default_headers, *headers):
        start, lower = _line_start(name)
        lines.append(start)
        lines.append(value)
        if lower in _FRAMING:
            match lower:
                case b"content-length" if is_chunked is None:
                    is_chunked, length = False, int(value)
                case b"transfer-encoding" if value.lower() == b"chunked":
                    is_chunked, length = True, 0
                case b"connection" if b"close" in [token.strip().lower() for token in value.split(b",")]:
                    closes = True
    breaks = len(lines) // 2
    if not cycle.keep_alive and not closes:
        breaks += 1
        lines.append(b"\r\nconnection: close")
    if is_chunked is None and cycle.scope["method"] != "HEAD" and status not in _WITHOUT_LENGTH:
        is_chunked = True
        breaks += 1
        lines.append(b"\r\ntransfer-encoding: chunked")
    lines.append(b"\r\n\r\n")
    head = b"".join(lines)
    _check(head, breaks + 2)
    # Only now: of a head that is refused nothing may stay for the answer that says so.
    cycle.keep_alive = cycle.keep_alive and not closes
    cycle.chunked_encoding, cycle.expected_content_length = is_chunked, length
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    return head


@lru_cache(maxsize=128)
def _status_line(status: int) -> bytes:
    try:
        phrase = http.HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return b"HTTP/1.1 %d %s" % (status, phrase.encode("ascii"))


@lru_cache(maxsize=1024)
def _line_start(name: bytes) -> tuple[bytes, bytes]:
    """How the line of a header begins, the end of the one before it included, and its name in lower case."""
    if not _NAME.fullmatch(name):
        raise ValueError("the name of a header that is none")
    return b"\r\n%b: " % name, name.lower()


def _check(head: bytes, breaks: int) -> None:
    if (
        head.count(b"\n") != breaks
        or head.count(b"\r") != breaks
        or len(head.translate(None, _CONTROLS)) != len(head)
    ):
        raise ValueError("a header with a control byte")
