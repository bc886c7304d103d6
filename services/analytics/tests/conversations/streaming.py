"""A client of event streams that drives the ASGI app directly, so that a test sees each event as it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from libs.common.actor import ACTOR_HEADER
from libs.common.testing.client import Client

LIMIT = 15.0


class Stream:
    """An open stream. `comments` counts the comment lines seen."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.comments = 0
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._asked = False

    async def receive(self) -> dict[str, Any]:
        """What the app reads: an empty body, then the news that the client left."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """What the app writes."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif message["type"] == "http.response.body":
            if message.get("body"):
                await self._chunks.put(message["body"])
            if not message.get("more_body", False):
                await self._chunks.put(None)

    def leave(self) -> None:
        """Close the connection."""
        self._gone.set()

    async def next(self) -> dict[str, Any] | None:
        """The next event as {"id", "event", "data"}; None when the stream has ended."""
        while True:
            async with asyncio.timeout(LIMIT):
                chunk = await self._chunks.get()
            if chunk is None:
                return None
            if chunk.startswith(b":"):
                self.comments += 1
                continue
            fields = dict(line.split(": ", 1) for line in chunk.decode().strip().splitlines())
            number = fields.get("id")
            return {
                "id": None if number is None else int(number),
                "event": fields["event"],
                "data": orjson.loads(fields["data"]),
            }

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """The events up to one of a kind."""
        found = []
        while not found or found[-1]["event"] != kind:
            event = await self.next()
            assert event is not None, found
            found.append(event)
        return found


@asynccontextmanager
async def open_stream(
    client: Client, path: str, *, last_event_id: Any = None, query: str = ""
) -> AsyncIterator[Stream]:
    """Open the stream of a conversation; the connection closes with the block."""
    stream = Stream()
    headers = [(b"host", b"test")]
    assert client.actor is not None
    signed = client.context.signer.sign(client.actor, client.context.clock.now().timestamp())
    headers.append((ACTOR_HEADER.encode(), signed.encode()))
    if last_event_id is not None:
        headers.append((b"last-event-id", str(last_event_id).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"{path}/stream",
        "raw_path": f"{path}/stream".encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("test", 1),
        "server": ("test", 80),
    }
    task = asyncio.create_task(client.app(scope, stream.receive, stream.send))
    try:
        yield stream
    finally:
        stream.leave()
        async with asyncio.timeout(LIMIT):
            await task
