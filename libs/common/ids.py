"""Time-ordered identifiers (UUID version 7, RFC 9562)."""

import os
import threading
import time
from uuid import UUID

_lock = threading.Lock()
_last = 0
# Random bytes that no id has had yet; read some at a time, for a system call costs as much as the rest of an id.
_unused = b""
_READ_BYTES = 1024


def new_id() -> UUID:
    """Return a UUIDv7 that sorts after every one made before it in this process.

    The 12 bits beside the millisecond hold its fraction, so ids made in one millisecond keep their order.
    """
    global _last, _unused
    with _lock:
        if not _unused:
            _unused = os.urandom(_READ_BYTES)
        random, _unused = int.from_bytes(_unused[:8]) >> 2, _unused[8:]
        ticks = (time.time_ns() << 12) // 1_000_000
        if ticks <= _last:
            ticks = _last + 1
        _last = ticks
    milliseconds, fraction = ticks >> 12, ticks & 0xFFF
    value = (milliseconds & (2**48 - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | random
    return UUID(int=value)


def _begin_anew() -> None:
    global _lock, _unused
    # Of a lock that another thread held, nobody is left to let it go.
    _lock = threading.Lock()
    _unused = b""


# Two processes must not give out the same.
os.register_at_fork(after_in_child=_begin_anew)
