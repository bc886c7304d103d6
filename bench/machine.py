"""What a run was made on: without it no figure can be compared."""

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("sqlalchemy", "psycopg", "fastapi", "pydantic", "uvicorn", "uvloop", "httptools", "aio-pika")


def describe(folder: Path) -> dict[str, Any]:
    """CPU, cores, memory, the file system of a folder, kernel, versions and how busy the machine is now."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "files": _file_system(folder),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "nginx": _said("nginx", "-v"),
        "load": round(os.getloadavg()[0], 2),
        "commit": _said("git", "describe", "--always", "--dirty"),
    }


def sentence(machine: dict[str, Any]) -> str:
    """One line about the machine."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['files']}, Linux {machine['kernel']}, "
        f"Python {machine['python']}, load {machine['load']} at the start, commit {machine['commit']}, {machine['time']}"
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(folder: Path) -> str:
    """The kind of the one that holds the folder, or will."""
    mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    above = [(len(mount), kind) for mount, kind in mounts if folder.absolute().is_relative_to(mount)]
    return max(above, default=(0, "unknown"))[1]


def _said(program: str, *arguments: str) -> str | None:
    if shutil.which(program) is None:
        return None
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip() or None
