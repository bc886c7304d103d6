"""A Postgres server as a child of this process: for `pillars up`, tests and demos.

It outlives crashes of either side: what was committed is there after a new `start()`, and nothing is left running
when the parent is killed.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from libs.common.runtime.embedded import child
from libs.common.runtime.embedded.cluster import SUPERUSER, ensure_cluster, server_environment
from libs.common.runtime.embedded.errors import EmbeddedServerError, ServerDidNotStart
from libs.common.runtime.embedded.lock import DirectoryLock
from libs.common.runtime.embedded.ports import free_port, is_free
from libs.common.runtime.embedded.postgres_binaries import find_postgres, probe_server
from libs.common.runtime.embedded.takeover import LiveCopy, server_at, take_over

__all__ = ["EmbeddedPostgres", "find_postgres"]

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_PORT_TRIES = 5
_STATUS_LINE = 7


class EmbeddedPostgres:
    """One server on one data directory, listening on 127.0.0.1 only, without a Unix socket.

    `durable=False` trades crash safety for speed (tests). `port` is kept over restarts of this object; a port given
    by the caller must be free.

    Call `start()` from the main thread: Linux ends the server together with the thread that started it.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        max_connections: int = 200,
        port: int | None = None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.log_path = self.data_dir.with_name(self.data_dir.name + ".log")
        self._durable = durable
        self._max_connections = max_connections
        self._fixed_port = port
        self._port = port
        self._password = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = DirectoryLock(self.data_dir.with_name(self.data_dir.name + ".lock"))

    @property
    def is_running(self) -> bool:
        """Whether the server process started by this object is alive."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None when it is not running."""
        return self._process.pid if self._process is not None and self.is_running else None

    def start(self) -> str:
        """Start the server, making its data directory at first, and return its superuser URL; safe to call again.

        Blocks until the server takes connections, at most about a minute more than a former copy needs to end.

        Raises:
            PostgresNotFound: no server programs on this machine.
            DataDirInUse: another live copy works on the directory.
            DataDirUnusable: the directory is of another major version or not ours.
            ServerDidNotStart: it ended or did not answer in time.
        """
        if not self.is_running:
            bin_dir = find_postgres()
            self.data_dir.parent.mkdir(parents=True, exist_ok=True)
            take_over(self.data_dir, self._lock, self._live_copy)
            try:
                identity, major = probe_server(bin_dir, self.data_dir)
                self._password = ensure_cluster(
                    self.data_dir, bin_dir, major, identity=identity, durable=self._durable
                )
                self._launch(bin_dir, identity)
            except BaseException:
                self.kill()
                raise
        return self._url()

    def stop(self) -> None:
        """End the server cleanly, rolling back open transactions; nothing to do when it is not running."""
        if self._process is not None:
            child.end(self._process, [(signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, 5.0)])
        self._lock.release()

    def kill(self) -> None:
        """End the postmaster with SIGKILL, as a crash would; `start()` recovers. For tests."""
        if self._process is not None:
            child.end(self._process, [])
        self._lock.release()

    def restart(self) -> str:
        """Stop and start on the same port; return the URL."""
        self.stop()
        return self.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _url(self) -> str:
        return f"postgresql://{SUPERUSER}:{self._password}@127.0.0.1:{self._port}/postgres"

    def _live_copy(self) -> LiveCopy | None:
        """Return the postmaster alive on our directory; clear away a pid file that is stale.

        Postgres itself believes any live process with that pid, so a recycled pid would lock us out for ever.
        """
        pid_file = self.data_dir / "postmaster.pid"
        try:
            lines = pid_file.read_text().splitlines()
            pid = int(lines[0])
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, IndexError):
            # A crash between creating and writing it; Postgres refuses to start on an empty one.
            pid_file.unlink(missing_ok=True)
            return None
        status = lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else ""
        copy = server_at(self.data_dir, pid, "postgres", is_stopping=status == "stopping")
        if copy is None and child.process_facts(pid) is not None:
            pid_file.unlink(missing_ok=True)
        return copy

    def _launch(self, bin_dir: Path, identity: str) -> None:
        deadline = time.monotonic() + _START_SECONDS
        lost_ports = 0
        while True:
            self._port = self._choose_port()
            offset = self.log_path.stat().st_size if self.log_path.exists() else 0
            with open(os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
                self._process = child.spawn(
                    self._command(bin_dir),
                    death_signal=signal.SIGINT,
                    identity=identity,
                    env=server_environment(),
                    cwd=self.data_dir,
                    output=log,
                )
            reason = self._await_ready(self._process, deadline)
            if reason is None:
                return
            child.end(self._process, [(signal.SIGQUIT, 5.0)])
            said = child.tail(self.log_path, offset=offset)
            # Children of a killed postmaster hold its shared memory for a moment longer.
            if "is still in use" in said and time.monotonic() < deadline:
                time.sleep(0.05)
                continue
            if "could not bind" in said and self._fixed_port is None and lost_ports < _PORT_TRIES:
                lost_ports += 1
                continue
            raise ServerDidNotStart("Postgres", reason, self.log_path, said)

    def _choose_port(self) -> int:
        if self._fixed_port is None:
            return free_port(self._port)
        if not is_free(self._fixed_port):
            raise EmbeddedServerError(f"port {self._fixed_port} of 127.0.0.1 is taken by another program.")
        return self._fixed_port

    def _await_ready(self, process: subprocess.Popen[bytes], deadline: float) -> str | None:
        """Return None once a connection works, else the reason why none will."""
        last = ""
        while time.monotonic() < deadline:
            if process.poll() is not None:
                return f"it ended with status {process.returncode}"
            try:
                psycopg.connect(self._url(), connect_timeout=5, sslmode="disable").close()
            except psycopg.OperationalError as error:
                last = str(error).strip()
                time.sleep(0.02)
            else:
                return None
        return f"no connection within {_START_SECONDS:.0f} s ({last})"

    def _command(self, bin_dir: Path) -> list[str | Path]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            # TCP alone, the same URLs as in production; a socket's path would be limited to about 100 characters.
            "unix_socket_directories": "",
            "max_connections": str(self._max_connections),
            "shared_buffers": "64MB",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_checkpoints": "off",
            "log_line_prefix": "%m [%p] ",
            "logging_collector": "off",
        }
        if sys.platform == "linux":
            # After a crash: not every file on its own, which takes seconds.
            settings["recovery_init_sync_method"] = "syncfs"
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [bin_dir / "postgres", "-D", self.data_dir, *options]
