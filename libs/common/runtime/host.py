"""The Host: turns service values into a running process, one service or all of them, in the roles asked for."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import uvicorn

from libs.common.actor import ActorSigner
from libs.common.clock import Clock, SystemClock
from libs.common.http.connection_limits import ConnectionLimits, ConnectionTable, raise_file_limit
from libs.common.http.guarded import GuardedProtocol
from libs.common.http.middleware import App
from libs.common.http.protocol import Server
from libs.common.jobs.runner import JobRunner
from libs.common.messaging.broker import Broker
from libs.common.messaging.consumer import Consumer
from libs.common.messaging.relay import Relay
from libs.common.messaging.waiting import cancelled_by_us_only, done_before, wait_for, wind_down
from libs.common.runtime.app import build_app
from libs.common.runtime.brokers import make_broker
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.limits import GRACE_SECONDS
from libs.common.runtime.listener import listen as listen  # for those who run a host
from libs.common.runtime.service import Service
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings

log = logging.getLogger("pillars.host")

HTTP, RELAY, CONSUME, JOBS = "http", "relay", "consume", "jobs"
ROLES = frozenset({HTTP, RELAY, CONSUME, JOBS})

RECONNECT_SECONDS = 1.0


class Host:
    """Runs services, and the gateway if its factory is given, in this process.

    `start` opens everything and returns with the HTTP app ready; `serve` answers on a socket until `stop` is set;
    `close` ends the work in hand and releases everything. The bus is joined in the background, so that a broker that
    is away delays events but no request.
    """

    def __init__(
        self,
        services: Sequence[Service],
        common: CommonSettings,
        *,
        roles: Iterable[str] = ROLES,
        gateway: Callable[[CommonSettings, Upstreams], Any] | None = None,
        clock: Clock | None = None,
        broker: Broker | None = None,
    ) -> None:
        self.services = list(services)
        self.common = common
        self.roles = frozenset(roles)
        if unknown := self.roles - ROLES:
            raise ValueError(
                f"unknown roles {', '.join(sorted(unknown))}; there are {', '.join(sorted(ROLES))}"
            )
        self.clock = clock or SystemClock()
        self.contexts: dict[str, ServiceContext] = {}
        self.apps: dict[str, App] = {}
        self.gateway: Any = None
        self.broker = broker
        self._make_gateway = gateway
        self._stack = AsyncExitStack()
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._bus_joined = asyncio.Event()
        self.upstreams = Upstreams(
            common.upstreams,
            ActorSigner(common.secret_key.get_secret_value(), accepted=common.other_keys),
            self.clock,
        )

    async def start(self) -> App:
        """Open contexts, resources and apps, start the background roles, and return the app to serve."""
        for service in self.services:
            await self._open(service)
        self._stack.push_async_callback(self.upstreams.close)
        if self._make_gateway is not None:
            self.gateway = self._make_gateway(self.common, self.upstreams)
            await self.gateway.startup()
            self._stack.push_async_callback(self.gateway.shutdown)
        if self.services and self.roles & {RELAY, CONSUME}:
            self.broker = self.broker or make_broker(self.common)
            for context in self.contexts.values():
                context.checks["broker"] = self.broker.healthy
                if HTTP not in self.roles:
                    # With it, requests are accepted all the same, and their events wait in the outbox.
                    context.essential.add("broker")
            self._spawn(partial(self._join_bus, self.broker), "bus")
        if JOBS in self.roles:
            for context in self.contexts.values():
                self._spawn(partial(JobRunner(context).run, self._stop), f"jobs of {context.service.name}")
        if self.gateway is not None:
            app: App = self.gateway
            return app
        return next(iter(self.apps.values()))

    async def _open(self, service: Service) -> None:
        context = ServiceContext(service, self.common, upstreams=self.upstreams, clock=self.clock)
        context.relay_is_local = RELAY in self.roles
        self._stack.push_async_callback(context.close)
        for name, resource in service.resources.items():
            context.resources[name] = await self._stack.enter_async_context(resource(context))
        self.contexts[service.name] = context
        self.apps[service.name] = build_app(context)
        self.upstreams.register(service.name, self.apps[service.name])

    async def _join_bus(self, broker: Broker) -> None:
        while not self._stop.is_set():
            try:
                if not await done_before(self._stop, broker.start()):
                    return
                await broker.declare([s for service in self.services for s in service.subscriptions])
                break
            except (ConnectionError, OSError) as error:
                log.warning("the broker is not there yet: %s", error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), RECONNECT_SECONDS)
        if self._stop.is_set():
            return
        one_trial = asyncio.Lock()
        for context in self.contexts.values():
            context.broker = broker
            if CONSUME in self.roles:
                consumer = Consumer(context, one_trial=one_trial)
                await broker.consume(
                    context.service.subscriptions,
                    consumer.deliver,
                    consumer.refuse,
                    consumer.deliver_batch,
                )
            if RELAY in self.roles:
                self._spawn(
                    partial(Relay(context, broker).run, self._stop), f"relay of {context.service.name}"
                )
        self._bus_joined.set()

    async def bus_joined(self, timeout: float = 30) -> None:
        """Wait until relays and consumers run."""
        await asyncio.wait_for(self._bus_joined.wait(), timeout)

    def _spawn(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        self._tasks.append(asyncio.create_task(self._keep(work, name), name=name))

    async def _keep(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Do this until told to stop; whatever ends it before is told, and it begins again."""
        while not self._stop.is_set():
            try:
                # A library may cancel what waits for it; that is no order to end.
                with cancelled_by_us_only("what it waited for was cancelled"):
                    await work()
                break
            except Exception:
                log.exception("background task %s ended, beginning again", name)
                await wait_for(self._stop, RECONNECT_SECONDS)

    async def serve(
        self,
        app: App,
        listener: socket.socket,
        stop: asyncio.Event,
        *,
        on_ready: Callable[[], None] = lambda: None,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        """Answer HTTP on a bound socket until `stop` is set, then finish the requests in hand.

        `on_ready` is called once it answers, `on_stop` as soon as it takes no new connection.
        """
        limits: ConnectionLimits = getattr(self.gateway, "connection_limits", ConnectionLimits())
        # Files, and connections to the database and the other services, need descriptors too.
        most = max(64, min(limits.most, raise_file_limit() - 1024))
        table = ConnectionTable(replace(limits, most=most))
        server = Server(
            uvicorn.Config(
                app,
                http=type("LimitedProtocol", (GuardedProtocol,), {"table": table}),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
                # The table ends what waits, and sooner.
                timeout_keep_alive=max(75, round(limits.idle_seconds) + 1),
                backlog=2048,
                h11_max_incomplete_event_size=65536,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        waiting = asyncio.create_task(stop.wait())
        await server.begun.wait()
        on_ready()
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        on_stop()
        self._announce_stop()
        server.should_exit = True
        waiting.cancel()
        await serving
        table.stop()

    def _announce_stop(self) -> None:
        # A stream has no end of its own: without this the server would wait for it as long as it may.
        for context in self.contexts.values():
            context.stopping.set()
        if self.gateway is not None:
            self.gateway.wind_down()

    async def close(self) -> None:
        """End the background work, then release everything in reverse order."""
        self._announce_stop()
        self._stop.set()
        if self.broker is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.broker.stop(), GRACE_SECONDS)
        for context in self.contexts.values():
            context.relay_wake.set()
            context.jobs_wake.set()
        await wind_down(self._tasks, GRACE_SECONDS)
        await self._stack.aclose()
