"""The way to a service in this process."""

import asyncio
from typing import Any

import pytest

from libs.common.runtime.wire_in_process import InProcess
from libs.common.runtime.wires import Answer, NotReached

START = {"type": "http.response.start", "status": 201, "headers": []}


async def send(app: Any, path: str = "/things", **options: Any) -> Answer:
    """What an app answers."""
    given = {"params": None, "headers": {}, "body": None, **options}
    return await InProcess("catalog", app).send("POST", path, timeout=1, **given)


async def test_a_request_arrives_as_it_was_sent() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, body=(await receive())["body"])
        await send(START)
        await send({"type": "http.response.body"})

    await send(app, "/a%20b/c?z=%2F", params={"id": [1, 2], "q": "ü"}, headers={"X-Who": "me"}, body=b"{}")

    assert (seen["method"], seen["path"], seen["raw_path"]) == ("POST", "/a b/c", b"/a%20b/c")
    assert seen["query_string"] == b"z=%2F&id=1&id=2&q=%C3%BC"
    assert seen["headers"] == [(b"host", b"catalog"), (b"x-who", b"me"), (b"content-length", b"2")]
    assert seen["body"] == b"{}"


async def test_an_answer_is_read_to_its_end() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"[1,", "more_body": True})
        await send({"type": "http.response.body", "body": b"2]"})

    answer = await send(app)

    assert (answer.status_code, answer.json()) == (201, [1, 2])


async def test_who_listens_for_the_end_of_the_request_hears_of_it_after_the_answer() -> None:
    heard: list[str] = []

    async def app(_: Any, receive: Any, send: Any) -> None:
        await receive()
        end = asyncio.create_task(receive())
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        assert not end.done()
        await send({"type": "http.response.body", "body": b"2"})
        heard.append((await end)["type"])

    assert (await send(app)).content == b"12"
    assert heard == ["http.disconnect"]


async def test_an_app_that_breaks_before_it_answers_has_answered_so() -> None:
    async def app(*_: Any) -> None:
        raise RuntimeError

    assert (await send(app)).status_code == 500


async def test_an_app_that_breaks_after_its_answer_has_answered() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"1"})
        raise RuntimeError

    assert (await send(app)).content == b"1"


async def test_half_an_answer_is_none() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send(START)
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        raise RuntimeError

    with pytest.raises(NotReached):
        await send(app)


async def test_no_answer_is_none() -> None:
    async def app(*_: Any) -> None:
        return

    with pytest.raises(NotReached):
        await send(app)
