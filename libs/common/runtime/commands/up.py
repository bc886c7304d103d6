"""`pillars up`: the whole suite on this machine, in one process or in eight."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from libs.common.logging import configure_logging
from libs.common.messaging.waiting import done_before
from libs.common.runtime.commands.lifetime import keep_what_is_here, run_async
from libs.common.runtime.commands.local import Servers, local_servers
from libs.common.runtime.commands.pages import give_pages_back_at_rest
from libs.common.runtime.commands.separate import ALL, Processes
from libs.common.runtime.embedded.errors import EmbeddedServerError
from libs.common.runtime.home import Home, Restart, Running
from libs.common.runtime.listener import listen
from libs.common.runtime.registry import load_story
from libs.common.settings import CommonSettings

console = Console(highlight=False)

# Database connections that each service of an embedded suite keeps; as many more come for a burst.
_POOL_SIZE = 4


def up(
    port: Annotated[
        int, typer.Option(help="Port of the gateway; the next free one is taken if it is in use")
    ] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    separate: Annotated[
        bool, typer.Option(help="Eight processes over a real RabbitMQ instead of one process")
    ] = False,
    story: Annotated[bool, typer.Option(help="Play the main story once all is up")] = False,
    leave: Annotated[bool, typer.Option(help="Stop after the story, with exit code 1 if it failed")] = False,
) -> None:
    """Run the whole suite here: database, bus, seven services and the gateway.

    Without DATABASE_URL a Postgres from a wheel is started, its data under .pillars/. Without AMQP_URL events travel
    through the database (with --separate: over a private RabbitMQ node). Ctrl-C stops it; a kill loses nothing.
    """
    started = time.monotonic()
    home = Home()
    home.load_secrets()
    console.print("[bold]Pillars[/] is starting")
    try:
        with local_servers(home, console, rabbitmq=separate) as servers:
            common = _settings(servers)
            log_file = home.logs / "pillars.log"
            with log_file.open("a") as stream:
                configure_logging("up", level=common.log_level, stream=stream)
                suite = _Suite(home, common, servers, port, host, log_file, started, separate=separate)
                run_async(suite.run(story=story, leave=leave))
            home.clear_running()
    except EmbeddedServerError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None
    raise typer.Exit(1 if suite.failed else 0)


def _settings(servers: Servers) -> CommonSettings:
    os.environ["DATABASE_URL"] = servers.database_url
    if servers.amqp_url:
        os.environ["AMQP_URL"] = servers.amqp_url
    return CommonSettings()


class _Suite:
    """One run of the suite in the foreground."""

    def __init__(
        self,
        home: Home,
        common: CommonSettings,
        servers: Servers,
        port: int,
        address: str,
        log_file: Path,
        started: float,
        *,
        separate: bool,
    ) -> None:
        self.home = home
        self.common = common
        self.servers = servers
        self.port = port
        self.address = address
        self.log_file = log_file
        self.started = started
        self.separate = separate
        self.failed = False
        self._restarts: set[asyncio.Task[None]] = set()

    async def run(self, *, story: bool, leave: bool) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        listener = listen(self.port, self.address)
        port = listener.getsockname()[1]
        if port != self.port:
            console.print(f"  [yellow]port {self.port} is taken; using {port}[/]")
        url = f"http://{self.address}:{port}"
        self.common.public_url = os.environ["PILLARS_PUBLIC_URL"] = os.environ.get("PILLARS_PUBLIC_URL", url)
        if self.separate:
            await self._run_separate(listener, url, stop, story=story, leave=leave)
        else:
            await self._run_embedded(listener, url, stop, story=story, leave=leave)

    async def _run_separate(
        self, listener: socket.socket, url: str, stop: asyncio.Event, *, story: bool, leave: bool
    ) -> None:
        processes = Processes(self.common, self.home.logs, listener)
        try:
            # A supervisor stays small: what migrating needs is imported by a process that ends.
            await asyncio.gather(self._migrate(), processes.fork_server.start())
            await processes.start()
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._restart, processes)
            await self._attend(url, stop, processes.ready, story=story, leave=leave)
        finally:
            await processes.stop()

    async def _migrate(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "libs.common.runtime.cli", "migrate"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise RuntimeError(
                f"the schemas could not be brought up to date:\n{output.decode(errors='replace')}"
            )
        console.print("  schemas    up to date")

    def _restart(self, processes: Processes) -> None:
        asked = self.home.restart()
        if asked is None or asked.is_done:
            asked = Restart(ALL)

        async def restart() -> None:
            # Keys are exchanged there.
            self.home.load_secrets()
            failed = await processes.restart(asked.names)
            self.home.write_restart(replace(asked, is_done=True, failed=tuple(failed)))

        self._restarts.add(task := asyncio.create_task(restart()))
        task.add_done_callback(self._restarts.discard)

    async def _run_embedded(
        self, listener: socket.socket, url: str, stop: asyncio.Event, *, story: bool, leave: bool
    ) -> None:
        from libs.common.runtime.host import Host
        from libs.common.runtime.install import install
        from libs.common.runtime.registry import load_all, load_gateway
        from libs.common.telemetry import configure_tracing

        if "pool_size" not in self.common.model_fields_set:
            # Seven services share one event loop and one small server, where every connection costs memory.
            self.common.pool_size = _POOL_SIZE
        services = load_all()
        with console.status("schemas and first rows") as status:
            await install(services, self.common, report=status.update)
        console.print(f"  schemas    {len(services)} services up to date")
        tracing = configure_tracing(self.common, "up")
        host = Host(services, self.common, gateway=load_gateway())
        try:
            app = await host.start()
            keep_what_is_here()
            resting = asyncio.create_task(give_pages_back_at_rest(stop))
            serving = asyncio.create_task(host.serve(app, listener, stop))
            try:
                await self._attend(url, stop, host.bus_joined, story=story, leave=leave)
            finally:
                stop.set()
                await serving
                await resting
        finally:
            await host.close()
            if tracing is not None:
                tracing.shutdown()

    async def _attend(
        self,
        url: str,
        stop: asyncio.Event,
        ready: Callable[[], Coroutine[Any, Any, None]],
        *,
        story: bool,
        leave: bool,
    ) -> None:
        if not await done_before(stop, ready()):
            return
        self.home.write_running(
            Running(os.getpid(), url, self.servers.database_url, self.servers.amqp_url, self.separate)
        )
        console.print(f"  serving    {url}  ({time.monotonic() - self.started:.1f} s after the start)\n")
        if story and not await done_before(stop, self._play(url)):
            return
        self._say_what_to_open(url)
        if leave:
            stop.set()
            return
        await stop.wait()
        console.print("\nstopping: finishing what is in hand")
        sys.stdout.flush()

    async def _play(self, url: str) -> None:
        self.failed = not await load_story()(url, console)

    def _say_what_to_open(self, url: str) -> None:
        console.print(
            f"""
[bold]Open[/]
  {url}/                        start page
  {url}/api/docs                try the API (sign in as admin@example.com / admin123)
  {url}/api/events              the events
  {url}/api/v1/mailbox          mail that was sent (for GET with a staff token)
  logs in {self.log_file}

`pillars verify` checks every invariant. Ctrl-C stops.""",
            soft_wrap=True,
        )
