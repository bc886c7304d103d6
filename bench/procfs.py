"""CPU time and memory of processes and their descendants, from /proc."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_TICK = 1000 / os.sysconf("SC_CLK_TCK")  # milliseconds
_PROC = Path("/proc")


def descendants(root: int) -> set[int]:
    """A process and everything below it."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                children.setdefault(int(_stat(int(entry.name))[1]), []).append(int(entry.name))
    found, ahead = set(), [root]
    while ahead:
        pid = ahead.pop()
        found.add(pid)
        ahead += children.get(pid, [])
    return found


def cpu_ms(roots: Iterable[int]) -> float:
    """CPU milliseconds used so far by these processes and their descendants, those that ended included."""
    total = 0.0
    for pid in set().union(*(descendants(root) for root in roots)):
        with suppress(OSError):
            fields = _stat(pid)
            # utime, stime, and those of children that were waited for.
            total += sum(int(ticks) for ticks in fields[11:15])
    return total * _TICK


def memory_mb(pid: int, kind: str = "Pss") -> float:
    """Megabytes of one process: `Pss` shares common pages among their users, `Rss` counts them whole."""
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == kind:
            return int(value.split()[0]) / 1024
    raise OSError(f"no {kind} for process {pid}")


def _stat(pid: int) -> list[str]:
    # The command in parentheses may hold spaces; what follows it starts with the state.
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
