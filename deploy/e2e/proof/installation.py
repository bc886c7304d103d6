"""The installation under proof: `pillars up --separate` in a folder of its own, behind fault proxies.

Postgres and RabbitMQ run under the same keepers as in `pillars up`, but here, so that the proxies can stand before them.
"""

import asyncio
import base64
import json
import os
import secrets
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import aio_pika
import aiohttp
import psycopg

from deploy.e2e.proof.processes import port_of, processes, role_of
from deploy.e2e.proof.proxy import Link, Target
from libs.common.db.create import create_database
from libs.common.runtime.embedded.child import launch_command
from libs.common.runtime.embedded.keeper import Keeper
from libs.common.runtime.embedded.ports import free_port
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ
from libs.common.runtime.registry import NAMES
from libs.common.settings import CommonSettings

SERVERS = ("postgres", "rabbitmq")
PROCESSES = (*NAMES, "gateway")
FORK_SERVER = "fork_server"
START_SECONDS = 240.0

# No limit by address or account: one machine plays all the clients there are. Orders that nobody pays lapse soon.
_SETTINGS = {
    "GATEWAY_GUEST_PER_MINUTE": "0",
    "GATEWAY_ACTOR_PER_MINUTE": "0",
    "GATEWAY_SIGN_IN_PER_MINUTE": "0",
    "GATEWAY_HOOK_PER_MINUTE": "0",
    "GATEWAY_BAD_CREDENTIAL_PER_MINUTE": "0",
}


class NotStarted(Exception):
    """The suite did not come up."""


class Installation:
    """Servers, proxies and the suite. `proxied=False` leaves the services' own connections alone.

    `settings` are further environment variables of the suite.
    """

    def __init__(self, home: Path, *, proxied: bool = True, settings: dict[str, str] | None = None) -> None:
        self.home = home.absolute()
        self.moments = self.home / "moments"
        self.links: dict[str, Link] = {}
        self.port = 0
        self._proxied = proxied
        self._settings = {**_SETTINGS, **(settings or {})}
        self._servers: dict[str, EmbeddedPostgres | PrivateRabbitMQ] = {}
        self._stack = ExitStack()
        self._up: asyncio.subprocess.Process | None = None
        self._pids: dict[str, int] = {}
        self._ports: dict[str, int] = {}
        self._secrets = {
            "PILLARS_SECRET_KEY": secrets.token_urlsafe(32),
            "PILLARS_ENCRYPTION_KEYS": f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}",
        }
        self.database_url = ""
        self._amqp_url = ""

    @property
    def url(self) -> str:
        """The address of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def common(self) -> CommonSettings:
        """Settings for looking at the database directly, past every proxy."""
        return CommonSettings(
            database_url=self.database_url,
            secret_key=self._secrets["PILLARS_SECRET_KEY"],
            encryption_keys=self._secrets["PILLARS_ENCRYPTION_KEYS"],
            upstreams={},
        )

    @property
    def amqp_url(self) -> str:
        """RabbitMQ, past the proxy."""
        return self._amqp_url

    async def start(self) -> None:
        """Start the servers and the proxies; `up` starts the suite."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.moments.mkdir(exist_ok=True)
        self.port = free_port()
        postgres, rabbitmq = EmbeddedPostgres(self.home / "postgres"), PrivateRabbitMQ(self.home / "rabbitmq")
        self._servers = {"postgres": postgres, "rabbitmq": rabbitmq}
        enter = self._stack.enter_context
        server_url, self._amqp_url = await asyncio.gather(
            asyncio.to_thread(enter, Keeper("Postgres", postgres)),
            asyncio.to_thread(enter, Keeper("RabbitMQ", rabbitmq)),
        )
        self.database_url = await asyncio.to_thread(create_database, server_url, "pillars")
        for name in NAMES:
            self.links[f"{name}-postgres"] = Link(f"{name}-postgres", _fixed(self.database_url))
            self.links[f"gateway-{name}"] = Link(f"gateway-{name}", self._finder(name))
        self.links["all-rabbitmq"] = Link("all-rabbitmq", _fixed(self._amqp_url))
        for link in self.links.values():
            await link.start()

    def _finder(self, name: str) -> Target:
        return lambda: ("127.0.0.1", port) if (port := self.port_of(name)) else None

    def environment(self) -> dict[str, str]:
        """What the suite is started with."""
        known = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("PILLARS_", "GATEWAY_", "PYTEST_")) and k not in ("DATABASE_URL", "AMQP_URL")
        }
        made = {
            **known,
            **self._secrets,
            **self._settings,
            "PILLARS_HOME": str(self.home),
            "PILLARS_FAILPOINTS": str(self.moments),
            "DATABASE_URL": self.database_url,
            "AMQP_URL": self._amqp_url,
        }
        if self._proxied:
            made["AMQP_URL"] = _through(self._amqp_url, self.links["all-rabbitmq"])
            addresses = {name: f"http://127.0.0.1:{self.links[f'gateway-{name}'].port}" for name in NAMES}
            made["PILLARS_UPSTREAMS"] = json.dumps(addresses)
            for name in NAMES:
                url = _through(self.common.service_database_url(name), self.links[f"{name}-postgres"])
                made[f"{name.upper()}_DATABASE_URL"] = url
        return made

    def set(self, variable: str, value: str) -> None:
        """Set a variable of the suite, before it is started."""
        self._settings[variable] = value

    async def up(self) -> None:
        """Start the suite and wait until it serves.

        Raises:
            NotStarted: with the end of what it said.
        """
        said = self.home / "up.log"
        self._ports = {}
        with said.open("ab") as output:
            command = launch_command(
                [
                    sys.executable,
                    "-m",
                    "libs.common.runtime.cli",
                    "up",
                    "--separate",
                    "--port",
                    str(self.port),
                ],
                death_signal=signal.SIGTERM,
            )
            self._up = await asyncio.create_subprocess_exec(
                *command,
                env=self.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_SECONDS):
                while not await self.is_ready():
                    if self._up.returncode is not None:
                        raise NotStarted(f"it ended with {self._up.returncode}: {_tail(said)}")
                    await asyncio.sleep(0.2)
        except TimeoutError:
            raise NotStarted(f"not ready within {START_SECONDS:.0f} s: {_tail(said)}") from None

    async def is_ready(self) -> bool:
        """Whether the gateway says that every service is ready."""
        limit = aiohttp.ClientTimeout(total=5)
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with aiohttp.ClientSession(timeout=limit) as session:
                async with session.get(f"{self.url}/readyz") as response:
                    return response.status == 200
        return False

    async def answers(self, server: str) -> bool:
        """Whether Postgres or RabbitMQ takes connections, past every proxy."""
        with suppress(psycopg.Error, aio_pika.exceptions.AMQPError, TimeoutError, OSError):
            async with asyncio.timeout(5):
                if server == "postgres":
                    await (await psycopg.AsyncConnection.connect(self.database_url)).close()
                else:
                    await (await aio_pika.connect(self._amqp_url)).close()
                return True
        return False

    def pid_of(self, name: str) -> int | None:
        """The process of a service, the gateway, the fork server or a server; None while there is none."""
        server = self._servers.get(name)
        if server is not None:
            return server.pid
        known = self._pids.get(name)
        if known is None or role_of(known) != name:
            self._pids = dict(reversed(list(processes(self.home))))
        return self._pids.get(name)

    def port_of(self, name: str) -> int | None:
        """Where a service listens; the supervisor holds the socket, so it stays while processes come and go."""
        if name not in self._ports:
            pid = self.pid_of(name)
            port = port_of(pid) if pid else None
            if port is None:
                return None
            self._ports[name] = port
        return self._ports[name]

    async def hold_publishers(self, seconds: float) -> None:
        """Have RabbitMQ take no messages for so long, as when it is short of memory."""
        server = self._servers["rabbitmq"]
        assert isinstance(server, PrivateRabbitMQ)
        set_mark = "set_vm_memory_high_watermark"
        await asyncio.to_thread(server.control, set_mark, "0.0001")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.control, set_mark, "absolute", "1GB")

    def kill(self, name: str) -> bool:
        """End a process with SIGKILL; false where there is none now."""
        pid = self.pid_of(name)
        if pid is None:
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    async def power_cut(self) -> None:
        """End everything at once with SIGKILL, the supervisor and the servers too; the servers start again by themselves."""
        everyone = [self.pid_of(name) for name in (*PROCESSES, FORK_SERVER, *SERVERS)]
        if self._up is not None and self._up.returncode is None:
            self._up.kill()
        for pid in filter(None, everyone):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._up is not None:
            await self._up.wait()

    async def down(self) -> int | None:
        """Stop the suite as an operator would; gives its exit code."""
        if self._up is None or self._up.returncode is not None:
            return None
        self._up.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(60):
                return await self._up.wait()
        except TimeoutError:
            self._up.kill()
            return await self._up.wait()

    async def close(self) -> None:
        """Stop everything."""
        await self.down()
        for link in self.links.values():
            await link.stop()
        await asyncio.to_thread(self._stack.close)


def _fixed(url: str) -> Target:
    parts = urlsplit(url)
    where = parts.hostname or "127.0.0.1", parts.port or 0
    return lambda: where


def _through(url: str, link: Link) -> str:
    parts = urlsplit(url)
    credentials = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{link.port}"))


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-2000:]
