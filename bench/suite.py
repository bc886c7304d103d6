"""The suite under test: its own Postgres and RabbitMQ, and each service and the gateway as a process of its own."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psycopg
from rich.console import Console

from bench import procfs, rest
from libs.common.runtime.commands.local import Servers, local_servers
from libs.common.runtime.embedded.ports import free_port
from libs.common.runtime.home import Home
from libs.common.runtime.install import install
from libs.common.runtime.registry import NAMES, load_all
from libs.common.settings import CommonSettings

READY_SECONDS = 600
# Limits that protect a server from its clients would only measure themselves here; they are counted all the same.
ENVIRONMENT = {
    "PILLARS_POOL_SIZE": "8",
    "IDENTITY_ACCESS_SECONDS": "86400",
    **{
        f"GATEWAY_{who}_{what}": "1000000000"
        for who in ("ACTOR", "GUEST", "SIGN_IN", "BAD_CREDENTIAL", "HOOK")
        for what in ("PER_MINUTE", "BURST")
    },
    "IDENTITY_SIGN_IN_PER_MINUTE": "1000000",
    # Eight sign-ins of one person at once would look like guessing.
    "IDENTITY_LOCKOUT_FAILURES": "1000000",
    "IDENTITY_LOCKOUT_ADDRESS_FAILURES": "1000000",
    # It would hide what the comparison of known and unknown accounts looks for.
    "IDENTITY_FAILED_SIGN_IN_SECONDS": "0",
}


@dataclass(slots=True)
class Member:
    """One process of the suite; `service` is what it runs, and several members may run the same."""

    name: str
    service: str
    port: int
    process: subprocess.Popen[bytes]
    command: list[str] = field(default_factory=list)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SystemExit(f"another bench works in {folder}") from None
        yield


class Suite:
    """Starts everything in a folder of its own, empty at first; `with Suite(folder) as suite`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.members: dict[str, Member] = {}
        self.ports = {name: free_port() for name in (*NAMES, "gateway")}
        self.url = f"http://127.0.0.1:{self.ports['gateway']}"
        self.servers: Servers
        self.common: CommonSettings
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start_servers()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._stack.close()

    def _start_servers(self) -> None:
        if os.environ.get("DATABASE_URL") or os.environ.get("AMQP_URL"):
            raise SystemExit("bench starts servers of its own: unset DATABASE_URL and AMQP_URL")
        self._stack.enter_context(_alone(self.folder))
        shutil.rmtree(self.folder, ignore_errors=True)
        home = Home(self.folder)
        home.load_secrets()
        os.environ.update(ENVIRONMENT)
        self.servers = self._stack.enter_context(local_servers(home, Console(quiet=True), rabbitmq=True))
        os.environ["DATABASE_URL"] = self.servers.database_url
        os.environ["AMQP_URL"] = self.servers.amqp_url or ""
        os.environ["PILLARS_UPSTREAMS"] = self.upstreams()
        os.environ["PILLARS_PUBLIC_URL"] = self.url
        self._stack.callback(lambda: [os.environ.pop(name, None) for name in ("DATABASE_URL", "AMQP_URL")])
        self.common = CommonSettings()
        asyncio.run(install(load_all(), self.common))

    def upstreams(self, **elsewhere: str) -> str:
        """What processes are told of where the services are; some may be said to be elsewhere, by their URLs."""
        urls = {name: f"http://127.0.0.1:{self.ports[name]}" for name in NAMES}
        return json.dumps(urls | elsewhere)

    def start(self, names: Sequence[str] = (*NAMES, "gateway")) -> None:
        """Start those of the processes that do not run, and wait until all are ready."""
        for name in names:
            if name not in self.members:
                self.spawn(name)
        self.wait_until_ready()

    def spawn(
        self,
        service: str,
        *,
        name: str = "",
        port: int = 0,
        roles: str = "http,relay,consume,jobs",
        module: Sequence[str] = ("libs.common.runtime.cli",),
        environment: Mapping[str, str] | None = None,
        cores: Sequence[int] = (),
    ) -> Member:
        """Start one process. `module` with arguments may be one that runs the command in another way."""
        name, port = name or service, port or self.ports[service]
        command = [sys.executable, "-m", *module, "serve", service, "--port", str(port)]
        command += ["--roles", roles, "--exit-with-parent"]
        (self.folder / "logs").mkdir(exist_ok=True)
        with (self.folder / "logs" / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        if cores:
            os.sched_setaffinity(process.pid, cores)
        member = Member(name, service, port, process, command)
        self.members[name] = member
        return member

    def pin(self, name: str, cores: Sequence[int]) -> None:
        """Keep a process, with all its threads, on these cores."""
        for thread in Path(f"/proc/{self.members[name].process.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    def wait_until_ready(self) -> None:
        """Wait for the gateway to say that all services are there."""
        self.wait_for(f"{self.url}/readyz")

    def wait_until_alive(self, url: str) -> None:
        """Wait for a process to answer, whatever it says of the others."""
        self.wait_for(f"{url}/healthz")

    def wait_for(self, url: str, *, status: int = 200) -> None:
        """Wait until a GET is answered with this status.

        Raises:
            TimeoutError: not in time, or a process ended; the log files say why.
        """
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            for member in self.members.values():
                if member.process.poll() is not None:
                    raise TimeoutError(f"{member.name} ended; see {self.folder / 'logs'}")
            with suppress(httpx.HTTPError):
                if httpx.get(url, timeout=2).status_code == status:
                    return
            time.sleep(0.1)
        raise TimeoutError(f"not ready within {READY_SECONDS} s; see {self.folder / 'logs'}")

    def stop(self, *names: str) -> None:
        """Stop these processes, or all."""
        going = [self.members.pop(name) for name in (names or tuple(self.members))]
        for member in going:
            member.process.send_signal(signal.SIGTERM)
        for member in going:
            try:
                member.process.wait(40)
            except subprocess.TimeoutExpired:
                member.process.kill()
                member.process.wait()

    def connect(self, database: str = "") -> psycopg.Connection[tuple[object, ...]]:
        """A connection as the administrator."""
        url = self.servers.database_url
        if database:
            url = url.rpartition("/")[0] + f"/{database}"
        return psycopg.connect(url, autocommit=True)

    def server_pid(self, program: str) -> int:
        """The process id of `postgres` or `rabbitmq` (of what was started first for it)."""
        wanted = {"postgres": "/postgres", "rabbitmq": "beam.smp"}[program]
        found = []
        for pid in procfs.descendants(os.getpid()):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
                if command.endswith(wanted):
                    found.append(pid)
        return min(found)

    def restart_postgres(self) -> None:
        """Stop the server as an operator would; whoever keeps it starts it again on the same port.

        Raises:
            TimeoutError: it does not come back.
        """
        before = self.server_pid("postgres")
        os.kill(before, signal.SIGINT)
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            with suppress(psycopg.Error, ValueError):
                if self.server_pid("postgres") != before:
                    self.connect().close()
                    return
            time.sleep(0.1)
        raise TimeoutError("Postgres does not come back")

    def cpu(self) -> dict[str, float]:
        """CPU milliseconds used so far: each process, `postgres` and `rabbitmq`."""
        used = {name: procfs.cpu_ms([member.process.pid]) for name, member in self.members.items()}
        used["postgres"] = procfs.cpu_ms([self.server_pid("postgres")])
        used["rabbitmq"] = procfs.cpu_ms([self.server_pid("rabbitmq")])
        return used

    def idle(self, seconds: float = 3) -> dict[str, float]:
        """CPU milliseconds a second of each part while nobody asks for anything."""
        self.settle()
        before = self.cpu()
        time.sleep(seconds)
        return {name: (ms - before[name]) / seconds for name, ms in self.cpu().items()}

    def settle(self, limit: float = 300) -> None:
        """Wait until every event was relayed and handled, and every job that is due was done.

        Raises:
            TimeoutError: they do not come to rest.
        """
        asyncio.run(rest.until_calm(self.connect, self.servers.amqp_url or "", limit))
