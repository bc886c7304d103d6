"""A service takes on what it can: places, time limits, and what counts as being worked on."""

import asyncio
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from libs.common.http.admission import Admission
from libs.common.http.gate import Gate
from libs.common.testing.eventually import eventually
from libs.common.testing.in_no_time import in_no_time


def shown(name: str) -> float | None:
    """What the metrics say of the requests of the app."""
    return REGISTRY.get_sample_value(f"pillars_requests_{name}", {"service": "crm"})


class Worked:
    """An app that says what it does, behind an admission with few places and little time.

    `given_up` lets what was cancelled end, as a database driver does that tells a server which does not listen.
    """

    def __init__(self, places: int = 1, seconds: float = 5, waiting: int = 0) -> None:
        self.release = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.given_up = asyncio.Event()
        self.entered = asyncio.Semaphore(0)
        self.gate = Gate(places, waiting=waiting)
        self.admission = Admission(self.app, "crm", self.gate, seconds)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.admission), base_url="http://crm", timeout=10
        )

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        self.entered.release()
        head = {"type": "http.response.start", "status": 200, "headers": []}
        if scope["path"] == "/stream":
            await send(head)
        try:
            if scope["path"] not in ("/quick", "/healthz"):
                await self.release.wait()
        except asyncio.CancelledError:
            await self.given_up.wait()
            self.cancelled.set()
            raise
        if scope["path"] != "/stream":
            await send(head)
        await send({"type": "http.response.body", "body": b"done"})

    async def reached(self) -> None:
        """Wait until a request is in the app."""
        async with asyncio.timeout(5):
            await self.entered.acquire()


async def test_what_finds_no_place_is_refused_with_a_problem_and_a_time_to_come_again() -> None:
    worked = Worked()
    first = asyncio.create_task(worked.client.get("/slow"))
    await worked.reached()
    refused = await worked.client.post("/slow", content=b"{}", headers={"X-Request-Id": "r1"})
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["slug"], refused.json()["request_id"]) == ("overloaded", "r1")
    worked.release.set()
    assert (await first).text == "done"
    assert (await worked.client.get("/slow")).text == "done"
    assert worked.gate.inside == 0


async def test_who_is_inside_and_who_waits_is_shown_in_the_metrics() -> None:
    worked = Worked(places=2, waiting=5)
    requests = [asyncio.create_task(worked.client.get("/slow")) for _ in range(3)]
    await worked.reached()
    await worked.reached()
    await eventually(lambda: shown("waiting") == 1)
    assert (shown("inside"), shown("limit")) == (2, 2)
    worked.release.set()
    await asyncio.gather(*requests)
    assert (shown("inside"), shown("waiting")) == (0, 0)


async def test_health_checks_and_calls_of_other_services_are_never_refused() -> None:
    worked = Worked()
    first = asyncio.create_task(worked.client.get("/slow"))
    await worked.reached()
    assert (await worked.client.get("/healthz")).text == "done"
    inner = asyncio.create_task(worked.client.post("/internal/slow", json={}))
    await worked.reached()
    worked.release.set()
    assert {(await task).status_code for task in (first, inner)} == {200}


async def test_a_body_on_its_way_holds_no_place() -> None:
    worked = Worked()
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def slowly() -> Any:
        yield b"{"
        has_begun.set()
        await may_end.wait()
        yield b"}"

    upload = asyncio.create_task(worked.client.post("/quick", content=slowly()))
    await has_begun.wait()
    assert (await worked.client.get("/quick")).text == "done"
    may_end.set()
    assert (await upload).text == "done"


def test_a_stream_holds_no_place_and_has_no_limit() -> None:
    async def listen_for_an_hour() -> None:
        worked = Worked(seconds=5)
        stream = asyncio.create_task(worked.client.get("/stream"))
        await worked.reached()
        assert (await worked.client.get("/quick")).text == "done"
        asyncio.get_running_loop().call_later(3600, worked.release.set)
        assert (await stream).text == "done"
        assert asyncio.get_running_loop().time() >= 3600

    in_no_time(listen_for_an_hour())


def test_what_takes_too_long_is_answered_in_time_although_it_takes_longer_to_be_given_up() -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append((message, asyncio.get_running_loop().time()))

    async def take_long() -> None:
        worked = Worked(seconds=5)
        asyncio.get_running_loop().call_later(15, worked.given_up.set)
        scope = {"type": "http", "path": "/slow", "headers": [], "method": "GET"}
        await worked.admission(scope, receive, send)
        assert asyncio.get_running_loop().time() == pytest.approx(15)
        assert worked.cancelled.is_set()
        assert worked.gate.inside == 0

    in_no_time(take_long())
    (head, answered_at), _ = sent
    assert (head["status"], answered_at) == (503, pytest.approx(5))
    assert (b"retry-after", b"2") in head["headers"]
    assert len(sent) == 2


async def test_a_client_that_leaves_gives_its_place_back() -> None:
    worked = Worked()
    first = asyncio.create_task(worked.client.get("/slow"))
    await worked.reached()
    worked.given_up.set()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert worked.cancelled.is_set()
    assert worked.gate.inside == 0
