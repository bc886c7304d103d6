"""Takes charge of a server's directory: refuses while another live copy works there, waits for one on its way down."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from libs.common.runtime.embedded.child import process_facts
from libs.common.runtime.embedded.errors import DataDirInUse
from libs.common.runtime.embedded.lock import DirectoryLock

_STOPPING_SECONDS = 60.0
# How long an orphan may take to notice that its parent has gone before it counts as somebody else's server.
_NOTICE_SECONDS = 3.0


class LiveCopy(NamedTuple):
    """A server process at work on a directory, started by us or by others."""

    pid: int
    parent: int
    is_stopping: bool


def server_at(directory: Path, pid: int, program: str, *, is_stopping: bool) -> LiveCopy | None:
    """Return the live process `pid` if it is `program` at work in `directory`, not one with a recycled pid."""
    facts = process_facts(pid)
    if facts is None:
        return None
    parent, command, cwd = facts
    is_here = cwd == directory.resolve() if cwd else str(directory) in command
    return LiveCopy(pid, parent, is_stopping) if is_here and program in command else None


def take_over(directory: Path, lock: DirectoryLock, find_copy: Callable[[], LiveCopy | None]) -> None:
    """Return holding `lock`, with no live copy of the server left.

    The lock is free as soon as the process that started the former copy is dead. That copy was then told to end by
    the kernel, and we wait for it, up to a minute.

    Raises:
        DataDirInUse: somebody else's copy is at work.
    """
    copy = find_copy()
    # A record lock does not keep out our own process, and closing a second handle would even drop it.
    if copy and copy.parent == os.getpid():
        raise DataDirInUse(directory, copy.pid)
    if not lock.acquire():
        raise DataDirInUse(directory, copy.pid if copy else None)
    try:
        _await_end(directory, find_copy)
    except BaseException:
        lock.release()
        raise


def _await_end(directory: Path, find_copy: Callable[[], LiveCopy | None]) -> None:
    asked = time.monotonic()
    while copy := find_copy():
        limit = _STOPPING_SECONDS if copy.is_stopping else _NOTICE_SECONDS
        if time.monotonic() - asked > limit:
            raise DataDirInUse(directory, copy.pid)
        time.sleep(0.02)
