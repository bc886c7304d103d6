"""Services that are down, flap or hang up: what is repeated, what is not, and how fast the answer is no."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gateway.tests.conftest import World, make_world
from libs.common.clock import ManualClock

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class Flaky:
    """A server that answers each request on its own connection with the next of these bytes, then hangs up."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.partition(b"\r\n")[0])
        answer = self.answers.pop(0) if self.answers else OK
        if answer:
            writer.write(answer)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def before(flaky: Flaky, **options: object) -> AsyncIterator[World]:
    server = await asyncio.start_server(flaky.serve, "127.0.0.1", 0)
    async with server, make_world(**options) as world:  # type: ignore[arg-type]
        port = server.sockets[0].getsockname()[1]
        world.gateway.upstreams._apps.pop("crm")
        world.gateway.upstreams._urls["crm"] = f"http://127.0.0.1:{port}"
        yield world


class TestRepeating:
    async def test_a_read_is_repeated_once(self) -> None:
        flaky = Flaky(b"", OK)
        async with before(flaky) as world:
            assert (await world.get("/api/v1/deals")).status_code == 200
            assert len(flaky.requests) == 2

    async def test_but_not_twice(self) -> None:
        flaky = Flaky(b"", b"", OK)
        async with before(flaky) as world:
            response = await world.get("/api/v1/deals")
            assert (response.status_code, response.json()["slug"]) == (503, "unavailable")
            assert len(flaky.requests) == 2

    async def test_a_write_is_never_repeated(self) -> None:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            flaky = Flaky(b"", OK)
            async with before(flaky) as world:
                response = await world.client.request(method, "/api/v1/deals")
                assert response.status_code == 503
                assert len(flaky.requests) == 1

    async def test_an_answer_that_began_is_not_begun_again(self) -> None:
        flaky = Flaky(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", OK)
        async with before(flaky) as world:
            status, body = await world.raw(b"/api/v1/deals")
            assert (status, body) == (200, b"half")
            assert len(flaky.requests) == 1

    async def test_an_answer_without_any_body_can_still_become_a_problem(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
        async with before(Flaky(head)) as world:
            response = await world.get("/api/v1/deals", headers={"Accept-Encoding": "gzip"})
            assert (response.status_code, response.json()["slug"]) == (502, "upstream-failed")

    async def test_an_app_that_breaks_off_is_502(self) -> None:
        async def breaks_off(scope: Any, receive: Any, send: Any) -> None:
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
            )
            raise RuntimeError("boom")

        async def says_nothing(scope: Any, receive: Any, send: Any) -> None:
            return

        async with make_world() as world:
            for app in (breaks_off, says_nothing):
                world.gateway.upstreams.register("crm", app)
                response = await world.get("/api/v1/deals", headers={"Accept-Encoding": "gzip"})
                assert (response.status_code, response.json()["slug"]) == (502, "upstream-failed")

    async def test_nonsense_is_503(self) -> None:
        async with before(Flaky(b"SMTP ready\r\n\r\n", b"SMTP ready\r\n\r\n")) as world:
            assert (await world.get("/api/v1/deals")).status_code == 503

    async def test_two_answers_in_one_do_not_reach_the_next_caller(self) -> None:
        smuggled = (
            OK.replace(b"Connection: close\r\n", b"") + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
        )
        async with before(Flaky(smuggled, OK)) as world:
            assert (await world.get("/api/v1/deals")).text == "{}"
            assert (await world.get("/api/v1/deals")).text == "{}"


class TestBreaker:
    async def test_a_dead_service_is_left_alone_for_a_while(self) -> None:
        clock = ManualClock()
        flaky = Flaky(*[b""] * 3)
        async with before(
            flaky, clock=clock, breaker_failures=3, breaker_seconds=7, actor_cache_seconds=60
        ) as world:
            for _ in range(3):
                assert (await world.post("/api/v1/deals")).status_code == 503
            response = await world.post("/api/v1/deals")
            assert response.status_code == 503
            assert response.headers["retry-after"] == "7"
            assert len(flaky.requests) == 3
            assert (await world.get("/api/v1/orders")).status_code == 200
            clock.advance(seconds=8)
            assert (await world.post("/api/v1/deals")).status_code == 200
            assert (await world.post("/api/v1/deals")).status_code == 200

    async def test_hanging_counts_as_failing(self) -> None:
        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.read()
            finally:
                writer.close()

        flaky = Flaky()
        flaky.serve = hang  # type: ignore[method-assign]
        async with before(flaky, breaker_failures=2, breaker_seconds=60, answer_seconds=0.05) as world:
            statuses = [(await world.get("/api/v1/deals")).status_code for _ in range(3)]
            assert statuses == [504, 504, 503]

    async def test_a_service_that_is_nowhere_is_503(self) -> None:
        async with make_world() as world:
            world.gateway.upstreams._apps.pop("crm")
            response = await world.get("/api/v1/deals")
            assert response.status_code == 503
            assert "crm" in response.json()["detail"]
