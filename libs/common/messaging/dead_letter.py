"""A dead letter: one per event and handler, however often it dies."""

import hashlib
from typing import Any
from uuid import UUID

from libs.common.messaging.envelope import Envelope

_TIME_AND_VERSION = (2**52 - 1) << 76
_VARIANT = 0b10 << 62


def dead_letter_id(event_id: UUID, handler: str) -> UUID:
    """A UUIDv7 with the time of the event, the rest derived from event and handler."""
    digest = hashlib.blake2b(event_id.bytes + handler.encode(), digest_size=10).digest()
    noise = int.from_bytes(digest, "big")
    value = event_id.int & _TIME_AND_VERSION | (noise & 0xFFF) << 64 | _VARIANT | noise >> 12 & 2**62 - 1
    return UUID(int=value)


def dead_letter_row(envelope: Envelope, handler: str, reason: str, attempts: int) -> dict[str, Any]:
    """The columns of the dead letter of a delivery."""
    return {
        "id": dead_letter_id(envelope.id, handler),
        "tenant_id": envelope.tenant_id,
        "handler": handler,
        "event_id": envelope.id,
        "type": envelope.type,
        "envelope": envelope.to_json(),
        "reason": reason,
        "attempts": attempts,
    }
