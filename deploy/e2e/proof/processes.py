"""What runs below a process, and where it listens, read from /proc: the suite is not asked, since it may be dying."""

import os
from contextlib import suppress
from pathlib import Path

_LISTEN = "0A"


def children(pid: int) -> list[int]:
    """The direct children of a process; none when it is gone."""
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def role_of(pid: int) -> str | None:
    """Which process of the suite this is: what stands after `serve` on its command line."""
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        if "serve" in words:
            return words[words.index("serve") + 1]
    return None


def listening_port(pid: int) -> int | None:
    """The TCP port that a process listens on; None before it does."""
    inodes = set()
    with suppress(OSError):
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                target = os.readlink(entry.path)
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == _LISTEN and fields[9] in inodes:
                return int(fields[1].rpartition(":")[2], 16)
    return None


def memory_mb(pid: int) -> float:
    """The resident memory of a process in megabytes; 0 when it is gone."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0
