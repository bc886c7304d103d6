"""A service that takes connections and says nothing; and one that gets more than it can take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.tests.conftest import World, make_world
from libs.common.http.gate import Gate
from libs.common.testing.eventually import eventually

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
STALL = 0.2


class Silent:
    """A server that reads requests and answers each once it `speaks`, a health check when it `is_healthy` too."""

    def __init__(self) -> None:
        self.speaks = asyncio.Event()
        self.is_healthy = False
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head.partition(b" HTTP")[0])
                if not (self.is_healthy and b"/healthz" in head):
                    await self.speaks.wait()
                writer.write(OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def count(self, path: bytes) -> int:
        """How many requests for a path came."""
        return sum(path in request for request in self.requests)


@asynccontextmanager
async def before(silent: Silent, **options: object) -> AsyncIterator[World]:
    server = await asyncio.start_server(silent.serve, "127.0.0.1", 0)
    options = {"stall_seconds": STALL, "actor_cache_seconds": 60, **options}
    async with server, make_world(**options) as world:  # type: ignore[arg-type]
        port = server.sockets[0].getsockname()[1]
        world.gateway.upstreams._apps.pop("crm")
        world.gateway.upstreams._urls["crm"] = f"http://127.0.0.1:{port}"
        try:
            yield world
        finally:
            silent.speaks.set()


@pytest.fixture
async def silent() -> Silent:
    """A server that says nothing."""
    return Silent()


async def test_reads_of_a_service_without_a_sign_of_life_are_503_and_writes_504(silent: Silent) -> None:
    async with before(silent) as world, asyncio.timeout(10):
        read, write = await asyncio.gather(world.get("/api/v1/deals"), world.post("/api/v1/deals"))
        assert (read.status_code, write.status_code) == (503, 504)
        assert read.headers["retry-after"] == write.headers["retry-after"] == "2"


async def test_while_it_says_nothing_new_requests_are_refused_without_a_wait(silent: Silent) -> None:
    async with before(silent) as world, asyncio.timeout(10):
        await world.get("/api/v1/deals")
        started = asyncio.get_running_loop().time()
        asked = silent.count(b"/deals")
        answers = [await world.get("/api/v1/deals") for _ in range(5)]
        assert {answer.status_code for answer in answers} == {503}
        assert {answer.headers["retry-after"] for answer in answers} == {"2"}
        assert asyncio.get_running_loop().time() - started < STALL
        assert silent.count(b"/deals") == asked
        assert (await world.get("/api/v1/orders")).status_code == 200


async def test_what_has_no_chance_is_refused_before_its_credentials_are_looked_at(silent: Silent) -> None:
    async with before(silent) as world, asyncio.timeout(10):
        await world.get("/api/v1/deals")
        asked = world.identity.calls["authenticate"]
        refused = await world.get("/api/v1/deals", headers=world.identity.person("*").headers)
        assert (refused.status_code, world.identity.calls["authenticate"]) == (503, asked)
        served = await world.get("/api/v1/orders", headers=world.identity.person("*").headers)
        assert (served.status_code, world.identity.calls["authenticate"]) == (200, asked + 1)


async def test_once_it_speaks_again_it_is_asked_again(silent: Silent) -> None:
    async with before(silent) as world, asyncio.timeout(10):
        assert (await world.get("/api/v1/deals")).status_code == 503
        silent.speaks.set()
        watch = world.gateway.proxy._http.watch("crm", "")
        await eventually(lambda: not watch.is_stalled)
        assert (await world.post("/api/v1/deals")).status_code == 200


async def test_a_slow_answer_of_a_healthy_service_is_waited_for(silent: Silent) -> None:
    silent.is_healthy = True
    async with before(silent) as world, asyncio.timeout(10):
        asking = asyncio.create_task(world.get("/api/v1/deals"))
        await eventually(lambda: silent.count(b"/healthz") >= 2)
        silent.speaks.set()
        assert (await asking).status_code == 200


async def test_more_requests_than_a_service_has_places_for_are_refused_before_anything_is_spent_on_them(
    silent: Silent,
) -> None:
    silent.is_healthy = True
    async with before(silent, stall_seconds=20) as world, asyncio.timeout(30):
        world.gateway.proxy._http.watch("crm", "").gate = Gate(2, patience=0.1)
        inside = [asyncio.create_task(world.get("/api/v1/deals")) for _ in range(2)]
        await eventually(lambda: silent.count(b"/deals") == 2)
        more = await asyncio.gather(*(world.get("/api/v1/deals") for _ in range(20)))
        assert {answer.status_code for answer in more} == {503}
        assert {answer.json()["slug"] for answer in more} == {"overloaded"}
        assert {answer.headers["retry-after"] for answer in more} == {"1"}
        assert silent.count(b"/deals") == 2
        silent.speaks.set()
        assert {answer.status_code for answer in await asyncio.gather(*inside)} == {200}
        assert (await world.get("/api/v1/deals")).status_code == 200


async def test_event_streams_end_in_order_when_the_gateway_stops() -> None:
    async with make_world(over_http=True) as world, asyncio.timeout(10):
        async with world.client.stream("GET", "/api/v1/notifications/stream") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "id: 1"
            world.gateway.wind_down()
            # A stream that was cut off would raise here.
            assert [line async for line in lines if line] == ["data: first"]
