"""Reading the path of a request, strictly: what two parsers could read in two ways is refused.

The services see a path only after it passed here, so a route table over plain segments is enough to keep
`/internal` of every service out of reach.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from gateway.errors import BadPath

# Printable ASCII that RFC 3986 allows in a path, without the backslash; "%" only before two hex digits.
_ALLOWED = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*")
# Most paths hold nothing that could be read in two ways.
_PLAIN = re.compile(rb"(?:/[A-Za-z0-9_\-]+)+")
_ENCODED_AGAIN = re.compile(r"%(2e|2f|5c|00|25)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")


class Path(NamedTuple):
    """A path that is safe to route.

    Attributes:
        text: as it came, without a trailing slash.
        segments: its raw (still percent-encoded) segments below the API prefix.
        is_api: whether it came under `/api` or `/api/v1`.
    """

    text: str
    segments: tuple[str, ...]
    is_api: bool


def parse(raw: bytes) -> Path:
    """The path of a request.

    Raises:
        BadPath: it is not absolute, or holds dot segments, empty segments, encoded slashes or control bytes.
    """
    if _PLAIN.fullmatch(raw):
        text = raw.decode("ascii")
        return _routable(text, text[1:].split("/"))
    if not raw.startswith(b"/") or not _ALLOWED.fullmatch(raw):
        raise BadPath("The path holds characters that are not allowed in one.")
    text = raw.decode("ascii")
    # A trailing slash is accepted on any path; only one of them.
    trimmed = text[:-1] if text.endswith("/") else text
    if not trimmed:
        return Path("/", (), is_api=False)
    segments = trimmed[1:].split("/")
    for segment in segments:
        _check(segment)
    return _routable(trimmed, segments)


def _routable(text: str, segments: list[str]) -> Path:
    if segments[0] != "api":
        return Path(text, tuple(segments), is_api=False)
    below = segments[2:] if segments[1:2] == ["v1"] else segments[1:]
    return Path(text, tuple(below), is_api=True)


def _check(segment: str) -> None:
    if not segment:
        raise BadPath("The path holds an empty segment.")
    decoded = segment
    if "%" in segment:
        try:
            decoded = unquote_to_bytes(segment).decode()
        except UnicodeDecodeError:
            raise BadPath("The path is not valid UTF-8.") from None
        if _CONTROL.search(decoded) or _ENCODED_AGAIN.search(decoded):
            raise BadPath("The path holds an encoded slash, dot or control byte.")
    # Some servers cut a segment at ";" before they look for dots.
    if decoded.partition(";")[0] in (".", ".."):
        raise BadPath("The path holds a dot segment.")
