"""The supervisor's side of a process: starts it by fork or exec, hears whether it serves, notices its end."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from libs.common.runtime.fork_server import MESSAGE_BYTES
from libs.common.runtime.process_title import ROOM

log = logging.getLogger("pillars.processes")

_CAN_FORK = sys.platform == "linux" and hasattr(os, "pidfd_open")
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
    """The process that forks, with a template for each service; what has died is made again, and done without meanwhile."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._templates: dict[str, asyncio.Task[socket.socket | None]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._one_at_a_time = asyncio.Lock()
        self._restarting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id, None where it does not run."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        """Start it, and return when it can fork."""
        if not _CAN_FORK:
            return
        async with self._one_at_a_time:
            self._end()
            self._take(await asyncio.to_thread(_preloaded))

    async def renew(self) -> None:
        """Put a new one in its place, which reads the code as it is on disk now; the old one forks until then."""
        if not _CAN_FORK:
            return
        new = await asyncio.to_thread(_preloaded)
        async with self._one_at_a_time:
            self._end()
            self._take(new)
        for name in list(self._templates):
            self._forget(name)

    async def fork(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]
    ) -> tuple[int, int] | None:
        """Fork a process that runs these arguments of `pillars`; return its id and a descriptor of it.

        It comes from the template of the service (or of the gateway) called `name`, so that all that it needs is
        imported. The first of `descriptors` becomes its output; `{0}`, `{1}`, … in an argument stand for the others.
        None: there is no fork server now.
        """
        order = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        template = await self._template(name)
        if template is not None:
            try:
                async with self._turns[name]:
                    return await asyncio.to_thread(_ask, template, order, descriptors)
            except OSError as error:
                log.warning("the template of %s does not answer: %s", name, error)
                self._forget(name)
        forked = await self._ask_server(order, descriptors)
        if forked is not None and name not in self._templates:
            # For the next time; this one imports what it needs by itself.
            self._make_template(name)
        return forked

    async def stop(self) -> None:
        """End it; what it forked goes on."""
        for name in list(self._templates):
            self._forget(name)
        if self._restarting is not None:
            self._restarting.cancel()
            await asyncio.gather(self._restarting, return_exceptions=True)
        self._end()

    async def _template(self, name: str) -> socket.socket | None:
        if name not in self._templates:
            self._make_template(name)
        task = self._templates[name]
        link = await asyncio.shield(task)
        if link is None and self._templates.get(name) is task:
            # Tried again at the next time.
            del self._templates[name]
        return link

    def _make_template(self, name: str) -> None:
        self._templates[name] = asyncio.create_task(self._prepare(name), name=f"template of {name}")

    async def _prepare(self, name: str) -> socket.socket | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            order = json.dumps({"template": name}).encode()
            forked = await self._ask_server(order, [theirs.fileno()])
        if forked is not None:
            os.close(forked[1])
            ours.settimeout(_PRELOAD_SECONDS)
            if await asyncio.to_thread(_is_ready, ours):
                return ours
        ours.close()
        return None

    def _forget(self, name: str) -> None:
        def close(task: asyncio.Task[socket.socket | None]) -> None:
            # A template ends when its link is closed.
            if not task.cancelled() and task.exception() is None and (link := task.result()) is not None:
                link.close()

        if (task := self._templates.pop(name, None)) is not None:
            task.add_done_callback(close)

    async def _ask_server(self, order: bytes, descriptors: Sequence[int]) -> tuple[int, int] | None:
        if self.pid is None or self._link is None:
            self._start_again()
            return None
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(_ask, self._link, order, descriptors)
            except OSError as error:
                log.warning("the fork server does not answer: %s", error)
                self._end()
        self._start_again()
        return None

    def _start_again(self) -> None:
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.create_task(self.start())

    def _take(self, started: "_Preloaded | None") -> None:
        if started is not None:
            self._process, self._link = started

    def _end(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None
        if self._process is not None:
            # It holds nothing that could be lost.
            self._process.kill()
            self._process.wait()
            self._process = None


def _ask(link: socket.socket, order: bytes, descriptors: Sequence[int]) -> tuple[int, int]:
    """Hand an order to a fork server or template; the id of the process that it forked, and a descriptor of that."""
    socket.send_fds(link, [order], list(descriptors))
    answer, handles, _, _ = socket.recv_fds(link, 64, 1)
    if not handles:
        raise OSError("it forked a process that ended at once, or none")
    return int(answer), handles[0]


def _is_ready(link: socket.socket) -> bool:
    """Wait until a fork server or template can fork."""
    try:
        if link.recv(MESSAGE_BYTES) == b"ready":
            link.settimeout(_FORK_SECONDS)
            return True
    except OSError:
        pass
    return False


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
    if _is_ready(ours):
        return process, ours
    log.warning("there is no fork server; processes start by themselves")
    ours.close()
    process.kill()
    process.wait()
    return None


async def start_child(
    server: ForkServer,
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    listener: socket.socket,
    log_file: Path,
) -> Child:
    """Start `pillars` with these arguments as the service (or gateway) of that name.

    `{0}` and `{1}` in them stand for the listening socket and the link.
    """
    ours, theirs = socket.socketpair()
    with theirs, log_file.open("ab") as output:
        handed = (listener.fileno(), theirs.fileno())
        forked = await server.fork(name, arguments, environment, (output.fileno(), *handed))
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
