"""Keeps an embedded server up: starts it, starts it again when it dies, stops it at the end."""

import logging
import threading
from types import TracebackType
from typing import Protocol

from libs.common.runtime.embedded.errors import EmbeddedServerError

log = logging.getLogger("pillars.embedded")

_LOOK_SECONDS = 0.2
# Between tries, once the server does not come back: a full disk, a port that somebody else took.
_RETRY_SECONDS = 2.0


class Server(Protocol):
    """An embedded server: it keeps its port over restarts of the object."""

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""

    def start(self) -> str:
        """Start it and return its URL."""

    def stop(self) -> None:
        """End it cleanly."""

    def kill(self) -> None:
        """End it, and what belongs to it, at once."""


class Keeper:
    """A thread that owns one server for as long as the context lasts; `with Keeper(server) as url`.

    All starts happen in that thread, since Linux ends a server together with the thread that started it.
    """

    def __init__(self, name: str, server: Server) -> None:
        self._name = name
        self._server = server
        self._url = ""
        self._failure: BaseException | None = None
        self._started = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"keeper of {name}", daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        try:
            self._started.wait()
        except BaseException:
            self._end()
            raise
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self._url

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._url = self._server.start()
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._started.set()
        wait = _LOOK_SECONDS
        while not self._stop.wait(wait):
            wait = _LOOK_SECONDS if self._server.is_running or self._restart() else _RETRY_SECONDS
        self._server.stop()

    def _restart(self) -> bool:
        log.warning("%s has ended; starting it again", self._name)
        try:
            # Clears away what the dead server left behind.
            self._server.kill()
            url = self._server.start()
        except (EmbeddedServerError, OSError) as error:
            log.error("%s could not be started again: %s", self._name, error)
            return False
        if url != self._url:
            log.error("%s lost its port to another program; trying again", self._name)
            self._server.stop()
            return False
        log.warning("%s is back", self._name)
        return True
