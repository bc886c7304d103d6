"""A language model's API that answers whatever it is told to, for tests of what then becomes of a question."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson


class Liar:
    """A server on loopback. It gives `answers` one after another, the last of them for ever."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Any] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Liar"]:
        """Serve."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()

    def says(self, *answers: Any) -> None:
        """Answer with these from now on."""
        self.answers = list(answers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            body = orjson.dumps(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%b" % (len(body), body)
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def completion(text: str | None = None, calls: Sequence[tuple[str, str]] = (), **more: Any) -> dict[str, Any]:
    """A chat completion with words, or calls of tools: their names and arguments as JSON."""
    made = [
        {"id": f"c{n}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for n, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": text, **({"tool_calls": made} if made else {})}
    end = "tool_calls" if made else "stop"
    return {"choices": [{"index": 0, "message": message, "finish_reason": end}], **more}
