"""How a process lives and ends: the event loop, and ending together with a parent."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

_PR_SET_PDEATHSIG = 1


def run_async(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end on uvloop where there is one."""
    try:
        import uvloop

        factory = uvloop.new_event_loop
    except ImportError:
        factory = asyncio.new_event_loop  # type: ignore[assignment]
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main)


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies, so that a killed supervisor leaves nothing behind."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        raise SystemExit("the parent process is gone")
