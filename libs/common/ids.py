"""Time-ordered identifiers (UUID version 7, RFC 9562)."""

import secrets
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Return a UUIDv7 that sorts after every one made before it in this process.

    The 12 bits beside the millisecond hold its fraction, so ids made in one millisecond keep their order.
    """
    global _last
    with _lock:
        ticks = (time.time_ns() << 12) // 1_000_000
        if ticks <= _last:
            ticks = _last + 1
        _last = ticks
    milliseconds, fraction = ticks >> 12, ticks & 0xFFF
    value = (
        (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | secrets.randbits(62)
    )
    return UUID(int=value)
