"""The suite as eight processes: starts them, restarts one that dies, stops them together."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from libs.common.messaging.waiting import wait_for
from libs.common.runtime.embedded.ports import free_port
from libs.common.runtime.registry import NAMES
from libs.common.settings import CommonSettings

log = logging.getLogger("pillars.processes")

RESTART_SECONDS = 0.5
STOP_SECONDS = 30
READY_SECONDS = 60


class Processes:
    """One process per service and one for the gateway, each with a port and a log file of its own.

    The gateway's `listener` is kept open here: while a killed gateway starts again, connections wait and none is refused.
    """

    def __init__(self, common: CommonSettings, logs: Path, listener: socket.socket) -> None:
        self.ports = {name: free_port() for name in NAMES}
        self.children: dict[str, asyncio.subprocess.Process] = {}
        self._listener = listener
        self._logs = logs
        self._common = common
        self._stopping = asyncio.Event()
        self._watchers: list[asyncio.Task[None]] = []

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the children: where everything is."""
        # An address that was given wins: there may be a proxy before a service.
        upstreams = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        upstreams |= self._common.upstreams
        return {
            **os.environ,
            "DATABASE_URL": self._common.database_url,
            "PILLARS_UPSTREAMS": json.dumps(upstreams),
            "PILLARS_PUBLIC_URL": self._common.public_url,
            # Eight processes share one small server: fewer connections each.
            "PILLARS_POOL_SIZE": os.environ.get("PILLARS_POOL_SIZE", "8"),
        }

    async def start(self, names: Sequence[str] = (*NAMES, "gateway")) -> None:
        """Start these."""
        for name in names:
            await self.spawn(name)
            self._watchers.append(asyncio.create_task(self._watch(name)))

    async def spawn(self, name: str) -> None:
        """Start one."""
        where = ["--port", str(self.ports.get(name, 0)), "--host", "127.0.0.1"]
        inherited: tuple[int, ...] = ()
        if name == "gateway":
            number = self._listener.fileno()
            where, inherited = ["--listener", str(number)], (number,)
        with (self._logs / f"{name}.log").open("ab") as output:
            self.children[name] = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "libs.common.runtime.cli",
                "serve",
                name,
                *where,
                "--exit-with-parent",
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=inherited,
            )

    async def _watch(self, name: str) -> None:
        while True:
            code = await self.children[name].wait()
            if self._stopping.is_set():
                return
            log.warning("%s ended with %s; starting it again", name, code)
            if await wait_for(self._stopping, RESTART_SECONDS):
                return
            await self.spawn(name)
            if self._stopping.is_set():
                self._terminate(name)

    def _terminate(self, name: str) -> None:
        child = self.children.get(name)
        if child is not None and child.returncode is None:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)

    async def ready(self) -> None:
        """Wait until the gateway says that all are ready.

        Raises:
            TimeoutError: not within a minute; the log files say why.
        """
        address, port = self._listener.getsockname()
        url = f"http://{address}:{port}/readyz"
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(url, timeout=2)).status_code == 200:
                        return
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop the gateway first, then the services; kill what has not ended in time."""
        self._stopping.set()
        self._listener.close()
        for name in ("gateway", *NAMES):
            self._terminate(name)
        if self._watchers:
            await asyncio.wait(self._watchers, timeout=STOP_SECONDS)
        for child in self.children.values():
            if child.returncode is None:
                child.kill()
                await child.wait()
        await asyncio.gather(*self._watchers, return_exceptions=True)
