"""Runs a piece of code that starts a server in a process of its own, to be killed by the test."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[5]


@contextmanager
def server_parent(code: str, *arguments: Path) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run `code`, which prints one line of words once its server runs and then waits on stdin; yield those words."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys\n{code}", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process, process.stdout.readline().split()
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()
