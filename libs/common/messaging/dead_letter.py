"""The identity of a dead letter: one per event and handler, however often it dies."""

import hashlib
from uuid import UUID

_TIME_AND_VERSION = (2**52 - 1) << 76
_VARIANT = 0b10 << 62


def dead_letter_id(event_id: UUID, handler: str) -> UUID:
    """A UUIDv7 with the time of the event, the rest derived from event and handler."""
    digest = hashlib.blake2b(event_id.bytes + handler.encode(), digest_size=10).digest()
    noise = int.from_bytes(digest, "big")
    value = event_id.int & _TIME_AND_VERSION | (noise & 0xFFF) << 64 | _VARIANT | noise >> 12 & 2**62 - 1
    return UUID(int=value)
