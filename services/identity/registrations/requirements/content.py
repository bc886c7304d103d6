"""What a document really is, by its first bytes."""

import base64
import binascii

_BEGINNINGS = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
)
CONTENT_TYPES = tuple(kind for _, kind in _BEGINNINGS)
# The largest document: with base64 around it, it fits in the largest body that the services take.
MAX_BYTES = 720_000


def content_type_of(content: bytes) -> str | None:
    """The type of a file, or None for one that is not taken."""
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), None)


def decoded(text: str) -> bytes | None:
    """The bytes of a base64 text, or None where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
