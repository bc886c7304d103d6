"""A lock file that says "a live process works on this directory"; the kernel drops it when that process ends."""

import fcntl
import os
from pathlib import Path


class DirectoryLock:
    """An exclusive lock between processes, not between objects of one process.

    A POSIX record lock rather than `flock`: forked workers do not inherit it, so it dies with the one who took it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; return whether it is ours now."""
        if self._fd is not None:
            return True
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return False
        self._fd = fd
        return True

    def release(self) -> None:
        """Give the lock back; the file stays, for removing it would let two processes lock two files."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
