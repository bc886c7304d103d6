"""How a process lives and ends: the event loop, and ending together with a parent."""

import asyncio
import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

_PR_SET_PDEATHSIG = 1


# `mallopt(3)`
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_LARGE_BYTES = 1_048_576


def run_async(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end on uvloop where there is one."""
    return_large_blocks()
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop  # type: ignore[assignment]
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


def return_large_blocks() -> None:
    """Let the C library give large blocks back at once, and keep few arenas, where it can be told to.

    Else it would keep the 19 MiB of a password hash, once for each thread that ever hashed.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        library.mallopt(_M_ARENA_MAX, 2)


def keep_what_is_here() -> None:
    """Let the collector of garbage look no more at what the process has begun with, which stays until its end.

    It would go through all of it time and again, and nobody is answered for as long as that takes.
    """
    gc.collect()
    gc.freeze()


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies, so that a killed supervisor leaves nothing behind."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        raise SystemExit("the parent process is gone")
