"""Which processes an installation has, read from /proc: the suite is not asked, since it may be dying."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def words_of(pid: int) -> list[str]:
    """The command line of a process; nothing when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
    return []


def role_of(pid: int) -> str | None:
    """Which process of the suite this is: the service or gateway that it serves, or `fork_server`."""
    words = words_of(pid)
    if "serve" in words[:-1]:
        return words[words.index("serve") + 1]
    return "fork_server" if "libs.common.runtime.fork_server" in words else None


def port_of(pid: int) -> int | None:
    """The port that its command line names."""
    words = words_of(pid)
    return int(words[words.index("--port") + 1]) if "--port" in words[:-1] else None


def processes(home: Path) -> Iterator[tuple[str, int]]:
    """Every process of the installation in this folder with its role, the newest first."""
    mark = f"PILLARS_HOME={home}".encode()
    for pid in sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True):
        role = role_of(pid)
        if role is not None:
            with suppress(OSError):
                if mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                    yield role, pid


def memory_mb(pid: int) -> float:
    """The resident memory of a process in megabytes; 0 when it is gone."""
    with suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0
