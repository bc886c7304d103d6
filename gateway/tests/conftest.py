"""A gateway before small services, in this process or over real HTTP: `world` and `wire` are used alike."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn

from gateway.app import Gateway
from gateway.settings import GatewaySettings
from gateway.tests.identity import Identity
from gateway.tests.upstream import Upstream
from libs.common.actor import ActorSigner
from libs.common.clock import Clock, SystemClock
from libs.common.messaging.listening import Listener
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from libs.common.testing.eventually import eventually

SERVICES = ("crm", "catalog", "orders", "payments", "notifications", "analytics")
SECRET = "test-secret"


class World:
    """A started gateway with everything behind it, and a client before it."""

    def __init__(
        self, gateway: Gateway, identity: Identity, services: dict[str, Upstream], client: httpx.AsyncClient
    ):
        self.gateway = gateway
        self.identity = identity
        self.services = services
        self.client = client
        self.crm = services["crm"]

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """GET through the gateway."""
        return await self.client.get(path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        """POST through the gateway."""
        return await self.client.post(path, **options)

    async def raw(
        self, path: bytes, method: str = "GET", headers: Any = (), query: bytes = b""
    ) -> tuple[int, bytes]:
        """Send a path no client library would send as it is; return status and body."""
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "headers": [(b"host", b"testserver"), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("testserver", 80),
        }
        await self.gateway(scope, receive, send)
        return sent[0]["status"], b"".join(m.get("body", b"") for m in sent[1:])


def common_settings(**changes: Any) -> CommonSettings:
    """Settings of a test deployment."""
    fields = {"environment": "test", "secret_key": SECRET, "public_url": "http://testserver", **changes}
    return CommonSettings(_env_file=None, **fields)


@contextlib.asynccontextmanager
async def served(app: Any, **options: Any) -> AsyncIterator[str]:
    """Serve an app on a free port; yield its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        **options,
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await eventually(lambda: server.started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = server.force_exit = True
        await task
        listener.close()


@contextlib.asynccontextmanager
async def make_world(
    *,
    over_http: bool = False,
    remote: tuple[str, ...] = ("identity", "crm", "notifications"),
    clock: Clock | None = None,
    common: dict[str, Any] | None = None,
    listener: Listener | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """A started world; `settings` are the gateway's, `remote` are the services with a socket of their own."""
    signer = ActorSigner(SECRET)
    identity = Identity()
    services = {name: Upstream(name, signer) for name in SERVICES}
    apps = {"identity": identity.app, **{name: service.app for name, service in services.items()}}
    async with contextlib.AsyncExitStack() as stack:
        urls = {}
        if over_http:
            for name in remote:
                urls[name] = await stack.enter_async_context(served(apps[name]))
        upstreams = Upstreams(urls, signer, clock or SystemClock())
        for name, app in apps.items():
            if name not in urls:
                upstreams.register(name, app)
        stack.push_async_callback(upstreams.close)
        gateway = Gateway(
            GatewaySettings(_env_file=None, **settings),
            common_settings(**(common or {})),
            upstreams,
            clock,
            listener,
        )
        await gateway.startup()
        stack.push_async_callback(gateway.shutdown)
        if over_http:
            client = httpx.AsyncClient(base_url=await stack.enter_async_context(served(gateway)))
        else:
            client = httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://testserver")
        await stack.enter_async_context(client)
        yield World(gateway, identity, services, client)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Everything in this process."""
    async with make_world() as made:
        yield made


@pytest.fixture
async def wire() -> AsyncIterator[World]:
    """The gateway, identity, crm and notifications each behind a socket."""
    async with make_world(over_http=True) as made:
        yield made


@pytest.fixture(params=["in process", "over HTTP"])
async def both(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """One after the other."""
    async with make_world(over_http=request.param == "over HTTP") as made:
        yield made
