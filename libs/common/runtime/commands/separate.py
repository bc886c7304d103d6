"""The suite as eight processes: starts them, replaces those that die or are asked to, stops them together.

This process holds every listening socket and hands it down. While a process is away, connections to it wait in the
socket's backlog and none is refused; a rolling restart lets the new process serve before the old one is asked to stop.
"""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import httpx

from libs.common.messaging.waiting import wait_for
from libs.common.runtime.children import Child, ForkServer, start_child
from libs.common.runtime.limits import GRACE_SECONDS
from libs.common.runtime.listener import listen
from libs.common.runtime.registry import NAMES
from libs.common.settings import CommonSettings

log = logging.getLogger("pillars.processes")

GATEWAY = "gateway"
ALL = (*NAMES, GATEWAY)

# Before a process that died young is started again: longer each time, so that one that cannot start costs little.
_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 2.0
_YOUNG_SECONDS = 5.0
# What a process may need to stop: its requests, then its messages and jobs.
STOP_SECONDS = 2 * GRACE_SECONDS + 5
READY_SECONDS = 60


class Processes:
    """One process per service and one for the gateway, each with a listening socket and a log file of its own."""

    def __init__(self, common: CommonSettings, logs: Path, listener: socket.socket) -> None:
        self.listeners = {name: listen(0) for name in NAMES} | {GATEWAY: listener}
        self.ports = {name: int(self.listeners[name].getsockname()[1]) for name in NAMES}
        self.children: dict[str, Child] = {}
        self.fork_server = ForkServer()
        self._logs = logs
        self._common = common
        self._address = listener.getsockname()
        self._stopping = asyncio.Event()
        self._watchers: set[asyncio.Task[None]] = set()
        self._deaths: dict[str, int] = {}
        self._one_restart_at_a_time = asyncio.Lock()

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

    async def start(self, names: Sequence[str] = ALL) -> None:
        """Start these."""
        await self.fork_server.start()
        await asyncio.gather(*(self.spawn(name) for name in names))

    async def spawn(self, name: str) -> Child:
        """Start one, which takes the place of the one before."""
        child = await self._launch(name)
        self._adopt(name, child)
        return child

    async def _launch(self, name: str) -> Child:
        port = str(self.listeners[name].getsockname()[1])
        arguments = ["serve", name, "--port", port, "--listener", "{0}", "--supervisor", "{1}"]
        log_file = self._logs / f"{name}.log"
        return await start_child(
            self.fork_server, name, arguments, self.environment, self.listeners[name], log_file
        )

    def _adopt(self, name: str, child: Child) -> None:
        self.children[name] = child
        watcher = asyncio.create_task(self._watch(name, child))
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _watch(self, name: str, child: Child) -> None:
        """Replace a child that has died, or that somebody asked to stop, unless it has been replaced already."""
        started = asyncio.get_running_loop().time()
        serving = asyncio.create_task(_tell_of(name, child))
        asked = asyncio.create_task(child.stopping.wait())
        ended = asyncio.create_task(child.ended.wait())
        await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        serving.cancel()
        if not self._stopping.is_set() and self.children[name] is child:
            if not child.ended.is_set():
                log.info("%s was asked to stop; starting the next one", name)
                await self._replace(name, child)
            else:
                log.warning("%s ended with %s; starting it again", name, child.returncode)
                age = asyncio.get_running_loop().time() - started
                deaths = self._deaths[name] = self._deaths.get(name, 0) + 1 if age < _YOUNG_SECONDS else 0
                pause = min(deaths * _PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS)
                if not await wait_for(self._stopping, pause):
                    await self._replace(name, child)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await ended
        except TimeoutError:
            if self.children[name] is not child:
                log.warning("%s (%s) did not stop in time", name, child.pid)
                child.kill()

    async def _replace(self, name: str, child: Child) -> None:
        if self._stopping.is_set() or self.children[name] is not child:
            return
        new = await self.spawn(name)
        if self._stopping.is_set():
            new.terminate()

    async def restart(self, names: Sequence[str] = ALL) -> list[str]:
        """Replace these, one after another: the new process serves before the old one is asked to stop.

        The new ones run the code that is on disk now, in the environment that this process has now. Returns the names of those whose new process did not come up; the old one goes on in their place.
        """
        failed = []
        async with self._one_restart_at_a_time:
            await self.fork_server.renew()
            for name in names:
                if self._stopping.is_set():
                    break
                if not await self._roll(name):
                    failed.append(name)
        return failed

    async def _roll(self, name: str) -> bool:
        new = await self._launch(name)
        waiting = [asyncio.create_task(event.wait()) for event in (new.ready, new.ended, self._stopping)]
        await asyncio.wait(waiting, timeout=READY_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if self._stopping.is_set() or not new.ready.is_set():
            log.error("the new %s did not come up; the old one goes on", name)
            new.kill()
            await new.wait()
            return False
        old = self.children[name]
        log.info("%s: %s takes over from %s", name, new.pid, old.pid)
        self._adopt(name, new)
        await self._end([old])
        return True

    async def ready(self) -> None:
        """Wait until the gateway says that all are ready.

        Raises:
            TimeoutError: not within a minute; the log files say why.
        """
        url = f"http://{self._address[0]}:{self._address[1]}/readyz"
        async with asyncio.timeout(READY_SECONDS), httpx.AsyncClient() as client:
            while True:
                with suppress(httpx.HTTPError):
                    if (await client.get(url, timeout=2)).status_code == 200:
                        return
                await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Stop the gateway, and the services once it has passed on its last request; kill what takes too long."""
        self._stopping.set()
        for name in ALL:
            self.listeners[name].close()
        if GATEWAY in self.children:
            await self._end([self.children[GATEWAY]])
        await self._end([child for name, child in self.children.items() if name != GATEWAY])
        if self._watchers:
            await asyncio.wait(self._watchers, timeout=STOP_SECONDS)
        await self.fork_server.stop()

    async def _end(self, children: Sequence[Child]) -> None:
        for child in children:
            child.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                for child in children:
                    await child.wait()
        for child in children:
            if child.returncode is None:
                log.warning("%s did not stop in time", child.pid)
                child.kill()
                await child.wait()


async def _tell_of(name: str, child: Child) -> None:
    clock = asyncio.get_running_loop().time
    started = clock()
    await child.ready.wait()
    log.info("%s (%s) serves, %.2f s after it was started", name, child.pid, clock() - started)
