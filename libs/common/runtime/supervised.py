"""The child's side of the link to a supervisor: says that it serves, that it stops; ends when the supervisor is gone."""

import asyncio
import socket
from contextlib import suppress


class Supervisor:
    """What a process tells whoever started it; with no descriptor there is nobody, and nothing happens."""

    def __init__(self, descriptor: int | None) -> None:
        self._link = None if descriptor is None else socket.socket(fileno=descriptor)
        if self._link is not None:
            self._link.setblocking(False)

    def watch(self, stop: asyncio.Event) -> None:
        """Stop once the supervisor is gone: its end of the link is closed then."""
        if self._link is not None:
            asyncio.get_running_loop().add_reader(self._link, self._heard, stop)

    def ready(self) -> None:
        """It serves now."""
        self._say(b"ready\n")

    def stopping(self) -> None:
        """It was asked to stop: another may take its place."""
        self._say(b"stopping\n")

    def done(self) -> None:
        """It ended in order."""
        if self._link is not None:
            with suppress(RuntimeError):
                asyncio.get_running_loop().remove_reader(self._link)
        self._say(b"done\n")

    def _say(self, line: bytes) -> None:
        if self._link is not None:
            with suppress(OSError):
                self._link.send(line)

    def _heard(self, stop: asyncio.Event) -> None:
        assert self._link is not None
        with suppress(BlockingIOError):
            with suppress(ConnectionError):
                if self._link.recv(64):
                    return
            asyncio.get_running_loop().remove_reader(self._link)
            stop.set()
