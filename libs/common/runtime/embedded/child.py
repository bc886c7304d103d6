"""Starts server programs as direct children that end when their parent does, and asks about foreign processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_LAUNCHER = Path(__file__).with_name("_launch.py")

SAME_USER = "same"
USER_NAMESPACE = "userns"


def launch_command(
    command: Sequence[str | Path], *, death_signal: signal.Signals, identity: str = SAME_USER
) -> list[str]:
    """Wrap `command` so that it gets `death_signal` when the calling *thread* ends, as user `identity`.

    `identity` is SAME_USER, USER_NAMESPACE or "<uid>:<gid>". The wrapper execs: the child's pid is the program's own.
    """
    head = [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), str(int(death_signal)), identity]
    return head + [str(part) for part in command]


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: signal.Signals,
    identity: str = SAME_USER,
    env: Mapping[str, str],
    cwd: Path,
    output: IO[Any],
) -> subprocess.Popen[bytes]:
    """Start a long-lived server with both outputs going to `output`.

    The death signal is tied to the calling thread by Linux: call this from the main thread, or from one that lives
    as long as the server should.
    """
    return subprocess.Popen(  # noqa: S603 - our own program and arguments, no shell
        launch_command(command, death_signal=death_signal, identity=identity),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=dict(env),
        cwd=cwd,
        # Ctrl-C in a terminal is for us alone: services drain first, then the server is stopped.
        start_new_session=True,
    )


def run(
    command: Sequence[str | Path], *, cwd: Path = Path("/"), env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end, whatever its status, with its output as text."""
    return subprocess.run(  # noqa: S603 - our own program and arguments, no shell
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        cwd=cwd,
        env=dict(env) if env is not None else None,
    )


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Poll `condition` until it holds or `seconds` have passed; return whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def end(process: subprocess.Popen[bytes], steps: Sequence[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn, waiting so many seconds after it, until the process has ended; then SIGKILL."""
    for number, seconds in steps:
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
    if process.poll() is None:
        process.kill()
        process.wait()


def tail(path: Path, *, offset: int = 0, lines: int = 25) -> str:
    """Return the last `lines` lines of a log, none of them from before byte `offset`."""
    try:
        with path.open("rb") as log:
            log.seek(offset)
            text = log.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def process_facts(pid: int) -> tuple[int, str, Path | None] | None:
    """Return (parent pid, command line, working directory) of a live process; None if it is gone or a zombie.

    The working directory is None where the system does not tell.
    """
    if pid <= 0:
        return None
    proc = Path("/proc") / str(pid)
    if not Path("/proc/self").exists():
        return _facts_from_ps(pid)
    try:
        state, parent = (proc / "stat").read_text().rpartition(")")[2].split()[:2]
        command = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    if state in "ZX":
        return None
    try:
        return int(parent), command, (proc / "cwd").readlink()
    except OSError:
        return int(parent), command, None


def _facts_from_ps(pid: int) -> tuple[int, str, Path | None] | None:
    answer = run(["ps", "-o", "stat=,ppid=,command=", "-p", str(pid)]).stdout.split(maxsplit=2)
    if len(answer) < 3 or answer[0].startswith("Z"):
        return None
    return int(answer[1]), answer[2], None
