"""A private RabbitMQ node as a child of this process, for demos and tests against the real broker.

Each node has its own ports, Erlang port mapper, cookie and directory: nodes never meet each other or the machine's own.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from libs.common.runtime.embedded import child
from libs.common.runtime.embedded.amqp_probe import can_open
from libs.common.runtime.embedded.debian import install_rabbitmq_if_possible
from libs.common.runtime.embedded.errors import RabbitMQNotFound, ServerDidNotStart
from libs.common.runtime.embedded.lock import DirectoryLock
from libs.common.runtime.embedded.ports import free_port, is_free
from libs.common.runtime.embedded.rabbitmq_binaries import find_rabbitmq
from libs.common.runtime.embedded.rabbitmq_config import USER, Ports, node_environment, write_config
from libs.common.runtime.embedded.takeover import LiveCopy, server_at, take_over

__all__ = ["PrivateRabbitMQ", "find_rabbitmq", "install_rabbitmq_if_possible"]

_START_SECONDS = 90.0
_STOP_SECONDS = 60.0
_PORT_TRIES = 3


class PrivateRabbitMQ:
    """One node whose data, configuration and log live below `base_dir`; it listens on 127.0.0.1 only.

    The data belongs to the node's `name`: keep it to find the data again. The AMQP port is kept over restarts of this
    object. Call `start()` from the main thread: Linux ends the node together with the thread that started it.
    """

    def __init__(self, base_dir: Path, *, name: str | None = None) -> None:
        self.base_dir = Path(base_dir).absolute()
        self.log_path = self.base_dir / "rabbitmq.log"
        self._name = name or "pillars"
        self._ports: Ports | None = None
        self._node: subprocess.Popen[bytes] | None = None
        self._epmd: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._lock = DirectoryLock(self.base_dir / "lock")

    @property
    def is_running(self) -> bool:
        """Whether the node started by this object is alive."""
        return self._node is not None and self._node.poll() is None

    @property
    def pid(self) -> int | None:
        """The Erlang VM's process id, None when it is not running."""
        return self._node.pid if self._node is not None and self.is_running else None

    def start(self) -> str:
        """Start the node and return its AMQP URL; safe to call again. Takes some seconds, at most 90.

        Raises:
            RabbitMQNotFound: it is not installed.
            DataDirInUse: another live node works in the directory.
            ServerDidNotStart: it ended or did not answer in time.
        """
        if not self.is_running:
            script = find_rabbitmq()
            if script is None:
                raise RabbitMQNotFound
            self.base_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            take_over(self.base_dir, self._lock, self._live_copy)
            try:
                self._launch(script)
            except BaseException:
                self.kill()
                raise
        assert self._ports is not None
        return f"amqp://{USER}:{self._password}@127.0.0.1:{self._ports.amqp}/"

    def stop(self) -> None:
        """End the node cleanly and its port mapper with it; nothing to do when it is not running."""
        self._end([(signal.SIGTERM, _STOP_SECONDS)])

    def kill(self) -> None:
        """End the node with SIGKILL, as a crash would; `start()` recovers. For tests.

        RabbitMQ itself writes a new quorum queue's name to disk up to half a second late and loses the queue when
        killed before (it comes back without a leader and answers nothing): do not kill right after declaring one.
        Source: https://github.com/rabbitmq/rabbitmq-server/issues/15725
        """
        self._end([])

    def restart(self) -> str:
        """Stop and start on the same port; return the URL."""
        self.stop()
        return self.start()

    def control(self, *words: str) -> str:
        """Run `rabbitmqctl` with these words against the running node, and return what it says.

        Raises:
            RabbitMQNotFound: it is not installed.
            subprocess.CalledProcessError: it failed.
        """
        script = find_rabbitmq()
        if script is None or self._ports is None:
            raise RabbitMQNotFound
        environment = node_environment(self.base_dir, self._ports, self._name)
        command = [str(script.with_name("rabbitmqctl")), "--quiet", *words]
        return subprocess.run(  # noqa: S603 - the node's own tool, no shell
            command,
            env=environment,
            cwd=self.base_dir,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _end(self, steps: list[tuple[signal.Signals, float]]) -> None:
        if self._node is not None:
            child.end(self._node, steps)
        if self._epmd is not None:
            child.end(self._epmd, [])
        self._lock.release()

    def _live_copy(self) -> LiveCopy | None:
        try:
            pid = int((self.base_dir / "node.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return server_at(self.base_dir, pid, "beam", is_stopping=True)

    def _launch(self, script: Path) -> None:
        for attempt in range(1, _PORT_TRIES + 1):
            ports = self._ports = self._choose_ports()
            self._password = write_config(self.base_dir, ports)
            environment = node_environment(self.base_dir, ports, self._name)
            offset = self.log_path.stat().st_size if self.log_path.exists() else 0
            with open(os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
                self._start_epmd(ports.epmd, environment)
                self._node = child.spawn(
                    [script],
                    death_signal=signal.SIGTERM,
                    env=environment,
                    cwd=self.base_dir,
                    output=log,
                )
            (self.base_dir / "node.pid").write_text(str(self._node.pid))
            reason = self._await_ready(self._node, ports)
            if reason is None:
                return
            said = child.tail(self.log_path, offset=offset, lines=60)
            for process in (self._node, self._epmd):
                if process is not None:
                    child.end(process, [])
            if "eaddrinuse" not in said or attempt == _PORT_TRIES:
                raise ServerDidNotStart("RabbitMQ", reason, self.log_path, said)

    def _start_epmd(self, port: int, environment: dict[str, str]) -> None:
        """Run our own port mapper in the foreground; left to itself, Erlang would leave a daemon behind for ever."""
        program = shutil.which("epmd")
        if program is None:
            raise RabbitMQNotFound
        with open(os.devnull, "wb") as nowhere:
            self._epmd = child.spawn(
                [program, "-port", str(port), "-address", "127.0.0.1"],
                death_signal=signal.SIGKILL,
                env=environment,
                cwd=self.base_dir,
                output=nowhere,
            )
        child.wait_until(lambda: not is_free(port), seconds=10)

    def _choose_ports(self) -> Ports:
        chosen: list[int] = []
        while len(chosen) < len(Ports._fields):
            preferred = self._ports.amqp if self._ports and not chosen else None
            port = free_port(preferred)
            if port not in chosen:
                chosen.append(port)
        return Ports(*chosen)

    def _await_ready(self, node: subprocess.Popen[bytes], ports: Ports) -> str | None:
        """Return None once a connection works, else the reason why none will."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if node.poll() is not None:
                return f"it ended with status {node.returncode}"
            if can_open(ports.amqp, USER, self._password, seconds=10):
                return None
            time.sleep(0.05)
        return f"no connection within {_START_SECONDS:.0f} s"
