"""The supervisor's side of a process: starts it by fork or exec, hears whether it serves, notices its end."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from libs.common.runtime.fork_server import MESSAGE_BYTES
from libs.common.runtime.process_title import ROOM

log = logging.getLogger("pillars.processes")

_PRELOAD_SECONDS = 30.0
_FORK_SECONDS = 5.0


class _Process(Protocol):
    pid: int

    def send_signal(self, number: signal.Signals) -> None: ...

    async def wait(self) -> int | None: ...


class Child:
    """A started process.

    Attributes:
        ready: set once it serves.
        stopping: set once it was asked to stop, by whomever.
        ended: set once it is gone.
        returncode: None while it runs; of a forked one 0 where it ended in order, else 1.
    """

    def __init__(self, process: _Process, link: socket.socket) -> None:
        self._process = process
        self.pid = process.pid
        self.returncode: int | None = None
        self.ready = asyncio.Event()
        self.stopping = asyncio.Event()
        self.ended = asyncio.Event()
        self._in_order = False
        self._link = link
        self._attending = asyncio.create_task(self._attend())

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    async def wait(self) -> int:
        """Wait for its end."""
        await self.ended.wait()
        assert self.returncode is not None
        return self.returncode

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            async for line in reader:
                if line == b"ready\n":
                    self.ready.set()
                elif line == b"stopping\n":
                    self.stopping.set()
                elif line == b"done\n":
                    self._in_order = True

    async def _attend(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._link)
        listening = asyncio.create_task(self._listen(reader))
        code = await self._process.wait()
        # What it said last may still be on its way.
        await asyncio.wait({listening}, timeout=1)
        listening.cancel()
        self.returncode = code if code is not None else int(not self._in_order)
        self.ended.set()
        # Not before: an open link is how the child knows that its supervisor is there.
        writer.close()


class _Forked:
    """A process that the fork server made, held by a descriptor, so that its number cannot become another's."""

    def __init__(self, pid: int, handle: int) -> None:
        self.pid = pid
        self._handle = handle

    def send_signal(self, number: signal.Signals) -> None:
        signal.pidfd_send_signal(self._handle, number)

    async def wait(self) -> int | None:
        """Wait for its end; nobody tells us how it ended, since it is not our own child."""
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(self._handle, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._handle)
            os.close(self._handle)
        return None


class ForkServer:
    """The process that forks; it is started again when it dies, and done without where there is none."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._one_at_a_time = asyncio.Lock()
        self._restarting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, None where it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        """Start it, and return when it can fork."""
        if not (sys.platform == "linux" and hasattr(os, "pidfd_open")):
            return
        async with self._one_at_a_time:
            self._end()
            self._take(await asyncio.to_thread(_preloaded))

    async def renew(self) -> None:
        """Put a new one in its place, which reads the code as it is on disk now; the old one forks until then."""
        if self.pid is None:
            return
        new = await asyncio.to_thread(_preloaded)
        async with self._one_at_a_time:
            self._end()
            self._take(new)

    async def fork(
        self, arguments: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> tuple[int, int] | None:
        """Fork a process that runs these arguments of `pillars`; return its id and a descriptor of it.

        The first of `descriptors` becomes its output; `{0}`, `{1}`, … in an argument stand for the others. None:
        there is no fork server now.
        """
        if self.pid is None or self._link is None:
            self._start_again()
            return None
        order = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(self._ask, order, list(descriptors))
            except OSError as error:
                log.warning("the fork server does not answer: %s", error)
                self._end()
        self._start_again()
        return None

    async def stop(self) -> None:
        """End it; what it forked goes on."""
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
        self._end()

    def _start_again(self) -> None:
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.create_task(self.start())

    def _take(self, started: "_Preloaded | None") -> None:
        if started is not None:
            self._process, self._link = started

    def _ask(self, order: bytes, descriptors: list[int]) -> tuple[int, int]:
        assert self._link is not None
        socket.send_fds(self._link, [order], descriptors)
        answer, handles, _, _ = socket.recv_fds(self._link, 64, 1)
        if not handles:
            raise OSError("it forked a process that ended at once, or none")
        return int(answer), handles[0]

    def _end(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._process is not None:
            # It holds nothing that could be lost.
            self._process.kill()
            self._process.wait()
            self._process = None


_Preloaded = tuple[subprocess.Popen[bytes], socket.socket]


def _preloaded() -> _Preloaded | None:
    """Start a fork server and wait until it can fork."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - our own program and arguments, no shell
            [sys.executable, "-m", "libs.common.runtime.fork_server", str(theirs.fileno()), ROOM],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=(theirs.fileno(),),
        )
    ours.settimeout(_PRELOAD_SECONDS)
    try:
        if ours.recv(MESSAGE_BYTES) == b"ready":
            ours.settimeout(_FORK_SECONDS)
            return process, ours
    except OSError:
        pass
    log.warning("there is no fork server; processes start by themselves")
    ours.close()
    process.kill()
    process.wait()
    return None


async def start_child(
    server: ForkServer,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    listener: socket.socket,
    log_file: Path,
) -> Child:
    """Start `pillars` with these arguments; `{0}` and `{1}` in them stand for the listening socket and the link."""
    ours, theirs = socket.socketpair()
    with theirs, log_file.open("ab") as output:
        handed = (listener.fileno(), theirs.fileno())
        forked = await server.fork(arguments, environment, (output.fileno(), *handed))
        if forked is not None:
            return Child(_Forked(*forked), ours)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "libs.common.runtime.cli",
            *(argument.format(*handed) for argument in arguments),
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=handed,
        )
        return Child(process, ours)
