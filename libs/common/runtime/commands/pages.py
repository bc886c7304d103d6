"""Gives back the pages of programs and libraries that a process has come to rest without.

Most of them are touched once: when all is imported, or by some seldom request. The system counts each as memory of the
process until its end. What is used again is there at once, from the system's own copy.
"""

import asyncio
import contextlib
import ctypes
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from libs.common.messaging.waiting import wait_for

# `madvise(2)`
_MADV_DONTNEED = 4
# How often a process looks whether it rests, and how much of a core it uses then at most.
_LOOK_SECONDS = 5.0
_RESTING_SHARE = 0.02
# The CPU time that must have been used since pages were last given back, of which doing so takes a few hundredths.
_WORK_SECONDS = 0.5
# Of `proc_pid_smaps(5)`: a file that is not mapped to be written to, and none of whose pages is a copy of its own.
_UNCHANGED = re.compile(
    r"^([0-9a-f]+)-([0-9a-f]+) .-.. \S+ \S+ \d+ +/.*\n(?:[A-Z].*\n)*?Anonymous: +0 kB$", re.MULTILINE
)


def give_pages_back() -> None:
    """Let go of all pages that can be had again from their files, and of those that the C library has no use for."""
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for begin, end in unchanged_files(os.fsdecode(Path("/proc/self/smaps").read_bytes())):
            library.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _MADV_DONTNEED)
        library.malloc_trim(ctypes.c_size_t(0))


def unchanged_files(smaps: str) -> list[tuple[int, int]]:
    """Where files are mapped that cannot be written to and were not, as the loader does where it relocates."""
    return [(int(begin, 16), int(end, 16)) for begin, end in _UNCHANGED.findall(smaps)]


async def give_pages_back_at_rest(
    stop: asyncio.Event,
    *,
    give_back: Callable[[], None] = give_pages_back,
    cpu_seconds: Callable[[], float] = time.process_time,
    look_seconds: float = _LOOK_SECONDS,
) -> None:
    """Until told to stop, give pages back at once, and whenever the process rests after work."""
    give_back()
    seen = given_back = cpu_seconds()
    while not await wait_for(stop, look_seconds):
        used = cpu_seconds()
        is_at_rest = used - seen < _RESTING_SHARE * look_seconds
        seen = used
        if is_at_rest and used - given_back >= _WORK_SECONDS:
            give_back()
            given_back = cpu_seconds()
