"""A server that is asked to stop loses no request, whichever state its connections are in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from libs.common.http import connections
from libs.common.http.connections import CLIENT_IDLE_SECONDS, DRAIN_SECONDS
from libs.common.http.middleware import RequestLayer
from libs.common.http.protocol import HttpProtocol, Server
from libs.common.runtime.listener import listen
from libs.common.testing.eventually import eventually

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


class Served:
    """A server whose app answers once `release` is set, and says in `entered` that a request reached it."""

    def __init__(self, app: Any = None) -> None:
        self.release = asyncio.Event()
        self.entered = asyncio.Semaphore(0)
        self.listener = listen(0)
        self.address: tuple[str, int] = self.listener.getsockname()
        config = uvicorn.Config(
            app or self.app,
            interface="asgi3",
            http=HttpProtocol,
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        self.server = Server(config)
        self.task = asyncio.create_task(self.server.serve(sockets=[self.listener]))

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered.release()
        if scope["path"] == "/begun":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await self.release.wait()
        else:
            await self.release.wait()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def reached(self) -> None:
        """Wait until a request has reached the app."""
        async with asyncio.timeout(5):
            await self.entered.acquire()

    async def stop(self) -> None:
        """Ask it to stop, and return once it is stopping."""
        self.server.should_exit = True
        await eventually(lambda: self.server.server_state.is_draining)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*self.address)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A server that has begun."""
    made = Served()
    await made.server.begun.wait()
    yield made
    made.release.set()
    made.server.should_exit = True
    await made.task


async def answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """The head and the body of one answer."""
    async with asyncio.timeout(5):
        head = await reader.readuntil(b"\r\n\r\n")
        return head.lower(), await reader.readexactly(2)


async def test_a_request_in_hand_is_answered_and_the_connection_closed_after_it(served: Served) -> None:
    reader, writer = await served.connect()
    writer.write(REQUEST)
    await served.reached()
    await served.stop()
    served.release.set()
    head, body = await answer(reader)
    assert b"connection: close" in head
    assert body == b"ok"
    assert await reader.read() == b""
    writer.close()
    # Sooner than the five seconds that a request may take.
    async with asyncio.timeout(4):
        await served.task


async def test_a_request_that_meets_the_stop_on_an_idle_connection_is_answered(served: Served) -> None:
    reader, writer = await served.connect()
    served.release.set()
    writer.write(REQUEST)
    head, _ = await answer(reader)
    assert b"connection: close" not in head
    await served.stop()
    writer.write(REQUEST)
    head, body = await answer(reader)
    assert b"connection: close" in head
    assert body == b"ok"
    writer.close()


async def test_an_answer_that_had_begun_without_a_word_of_closing_leaves_its_connection_usable(
    served: Served,
) -> None:
    reader, writer = await served.connect()
    writer.write(REQUEST.replace(b" / ", b" /begun "))
    await served.reached()
    await served.stop()
    served.release.set()
    head, _ = await answer(reader)
    assert b"connection: close" not in head
    writer.write(REQUEST)
    head, _ = await answer(reader)
    assert b"connection: close" in head
    writer.close()


async def test_connections_that_nobody_had_accepted_yet_are_served(served: Served) -> None:
    served.release.set()
    # Stop taking connections, so that these wait in the backlog.
    loop = asyncio.get_running_loop()
    loop.remove_reader(served.listener)
    waiting = [await served.connect() for _ in range(5)]
    for _, writer in waiting:
        writer.write(REQUEST)
    await served.stop()
    for reader, writer in waiting:
        head, body = await answer(reader)
        assert (body, b"connection: close" in head) == (b"ok", True)
        writer.close()


async def test_an_idle_connection_outlives_the_time_in_which_our_clients_may_use_it(served: Served) -> None:
    assert CLIENT_IDLE_SECONDS < connections.DRAIN_SECONDS
    reader, writer = await served.connect()
    loop = asyncio.get_running_loop()
    started = loop.time()
    await served.stop()
    async with asyncio.timeout(DRAIN_SECONDS + 5):
        assert await reader.read() == b""
        await served.task
    assert loop.time() - started > CLIENT_IDLE_SECONDS
    writer.close()


async def test_a_stopped_server_listens_no_more(served: Served) -> None:
    await served.stop()
    async with asyncio.timeout(DRAIN_SECONDS + 5):
        await served.task
    with pytest.raises(ConnectionRefusedError):
        await served.connect()


async def test_an_error_that_was_answered_costs_nobody_the_connection() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"no"})
        raise RuntimeError("what the answer does not tell")

    served = Served(RequestLayer(fails, "things"))
    await served.server.begun.wait()
    reader, writer = await served.connect()
    for _ in range(2):
        writer.write(REQUEST)
        head, body = await answer(reader)
        assert (head.split(b" ")[1], body) == (b"500", b"no")
    writer.close()
    served.server.should_exit = True
    await served.task
