"""The head of an answer: what is no header begins no other one, and leaves no answer without an end."""

import asyncio
from typing import Any

import pytest

from libs.common.http.tests.test_stop import REQUEST, Served


async def whole_answer(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What is sent until the connection ends where an app answers with these headers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ok"})

    served = Served(app)
    await served.server.begun.wait()
    try:
        reader, writer = await served.connect()
        writer.write(REQUEST)
        async with asyncio.timeout(5):
            found = await reader.read()
        writer.close()
        await writer.wait_closed()
        return found
    finally:
        served.server.should_exit = True
        await served.task


@pytest.mark.parametrize(
    "header",
    [
        (b"x-name", b"one\r\nset-cookie: a=b"),
        (b"x-name", b"one\ntwo"),
        (b"x-name", b"one\0"),
        (b"x-name\r\nset-cookie", b"a=b"),
        (b"x name", b"one"),
        (b"", b"one"),
        (b"vary", b"one\r\ntwo: three"),
    ],
)
async def test_what_is_no_header_gets_a_whole_answer_that_says_so(header: tuple[bytes, bytes]) -> None:
    for before in ([], [(b"content-length", b"2")], [(b"transfer-encoding", b"chunked")]):
        head, _, body = (await whole_answer([*before, header])).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 500 ")
        assert b"cookie" not in head
        assert b"two" not in head
        assert b"content-length: 21" in head
        assert body == b"Internal Server Error"


async def test_an_answer_may_say_that_it_is_the_last_one() -> None:
    found = await whole_answer([(b"content-length", b"2"), (b"connection", b"x, Close")])
    assert found.lower().count(b"close") == 1
    assert found.endswith(b"\r\n\r\nok")
