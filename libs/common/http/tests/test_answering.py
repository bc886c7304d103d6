"""How an answer leaves: head and body together, the head alone where nobody knows when a body follows."""

import asyncio
from typing import Any

import pytest
import uvicorn

from libs.common.http.protocol import HttpProtocol, State
from libs.common.http.tests.test_stop import REQUEST, Served

HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
STREAM_HEAD = {"type": "http.response.start", "status": 200, "headers": []}


class Wire(asyncio.Transport):
    """Keeps each piece that is handed to the system, and says in `closed` when there will be no more."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.closed = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.written.append(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def close(self) -> None:
        self.closed.set()

    def pause_reading(self) -> None:
        """Nothing comes anyway."""

    def resume_reading(self) -> None:
        """Nothing comes anyway."""


async def written_by(app: Any, request: bytes = REQUEST) -> list[bytes]:
    """What is handed to the system, piece by piece, where an app answers the last request of a connection."""
    wire = Wire()
    config = uvicorn.Config(app, interface="asgi3", lifespan="off", log_config=None)
    protocol = HttpProtocol(config=config, server_state=State(), app_state={})
    protocol.connection_made(wire)
    protocol.data_received(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    async with asyncio.timeout(5):
        await wire.closed.wait()
    return wire.written


@pytest.mark.parametrize(
    ("head", "body"),
    [
        (HEAD, {"type": "http.response.body", "body": b"ok"}),
        (HEAD, {"type": "http.response.body", "body": b"ok", "more_body": False}),
    ],
)
async def test_a_whole_body_leaves_together_with_its_head(head: Any, body: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(head)
        await send(body)

    (written,) = await written_by(app)
    assert written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.endswith(b"\r\n\r\nok")


async def test_a_body_in_parts_follows_its_head() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(HEAD)
        await send({"type": "http.response.body", "body": b"o", "more_body": True})
        await send({"type": "http.response.body", "body": b"k"})

    head, *parts = await written_by(app)
    assert head.endswith(b"\r\n\r\n")
    assert parts == [b"o", b"k"]


@pytest.mark.parametrize("body", [b"", b"o", b"oks"])
async def test_a_body_of_another_length_is_cut_short_behind_its_head(body: bytes) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(HEAD)
        await send({"type": "http.response.body", "body": body})

    head, *parts = await written_by(app)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert len(b"".join(parts)) < 2


async def test_an_app_that_fails_behind_a_head_has_begun_an_answer() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(HEAD)
        raise RuntimeError

    (head,) = await written_by(app)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")


async def test_the_answer_to_head_has_no_body() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(HEAD)
        await send({"type": "http.response.body", "body": b"ok"})

    (written,) = await written_by(app, REQUEST.replace(b"GET", b"HEAD"))
    assert written.endswith(b"\r\n\r\n")


async def test_the_head_of_a_stream_does_not_wait_for_its_first_part() -> None:
    goes_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(STREAM_HEAD)
        await goes_on.wait()
        await send({"type": "http.response.body", "body": b"ok"})

    served = Served(app)
    await served.server.begun.wait()
    try:
        reader, writer = await served.connect()
        writer.write(REQUEST)
        async with asyncio.timeout(5):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
            goes_on.set()
            assert await reader.readuntil(b"0\r\n\r\n") == b"2\r\nok\r\n0\r\n\r\n"
        writer.close()
        await writer.wait_closed()
    finally:
        goes_on.set()
        served.server.should_exit = True
        await served.task
