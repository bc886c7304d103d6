"""Time-ordered identifiers (UUID version 7, RFC 9562)."""

import os
import threading
import time
from collections.abc import Iterator
from uuid import UUID

_lock = threading.Lock()
_last = 0
# Random numbers that no id has had yet; read some at a time, for a system call costs as much as the rest of an id.
_unused: Iterator[int] = iter(())
_READ_BYTES = 1024
_MILLISECONDS = (1 << 60) - (1 << 12)


def new_id() -> UUID:
    """Return a UUIDv7 that sorts after every one made before it in this process.

    The 12 bits beside the millisecond hold its fraction, so ids made in one millisecond keep their order.
    """
    global _last, _unused
    with _lock:
        random = next(_unused, None)
        if random is None:
            _unused = iter(memoryview(os.urandom(_READ_BYTES)).cast("Q"))
            random = next(_unused)
        ticks = (time.time_ns() << 12) // 1_000_000
        if ticks <= _last:
            ticks = _last + 1
        _last = ticks
    # 48 bits of milliseconds, the version, 12 bits of their fraction; then the variant and 62 random bits.
    high = (ticks & _MILLISECONDS) << 4 | 0x7000 | ticks & 0xFFF
    return UUID(int=high << 64 | 1 << 63 | random >> 2)


def _begin_anew() -> None:
    global _lock, _unused
    # Of a lock that another thread held, nobody is left to let it go.
    _lock = threading.Lock()
    _unused = iter(())


# Two processes must not give out the same.
os.register_at_fork(after_in_child=_begin_anew)
