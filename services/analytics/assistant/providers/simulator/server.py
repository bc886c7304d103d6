"""The simulator's HTTP server. The name of the model decides what happens, see `FAILURES` and `mind`."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson

from services.analytics.assistant.providers.simulator import wire
from services.analytics.assistant.providers.simulator.mind import think

KEY = "sim-key-7f3a"
# By the name of the model: status, code, type, headers.
FAILURES: dict[str, tuple[int, str | None, str, dict[str, str]]] = {
    "sim-400": (400, None, "invalid_request_error", {}),
    "sim-404": (404, "model_not_found", "invalid_request_error", {}),
    "sim-429": (429, "rate_limit_exceeded", "requests", {}),
    "sim-429-after": (429, "rate_limit_exceeded", "requests", {"retry-after": "1"}),
    "sim-429-ms": (429, "rate_limit_exceeded", "requests", {"retry-after-ms": "250"}),
    "sim-429-long": (429, "rate_limit_exceeded", "requests", {"retry-after": "90"}),
    "sim-429-quota": (429, "insufficient_quota", "insufficient_quota", {}),
    "sim-500": (500, None, "server_error", {}),
    "sim-503": (503, "server_is_overloaded", "server_error", {}),
    "sim-never": (500, None, "server_error", {"x-should-retry": "false"}),
}
_ENDS = {"sim-incomplete": "max_output_tokens", "sim-filtered": "content_filter"}


class Simulator:
    """A server. `requests` are the bodies that came, with their paths; `-once` behind a failure lets repeats through."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.url = ""
        self._failed: Counter[str] = Counter()
        self._stopped = asyncio.Event()

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator["Simulator"]:
        """Serve on loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            self._stopped.set()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.split("\r\n")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
                }
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if not await self._answer(first.split()[1], headers, body, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, path: str, headers: dict[str, str], content: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether the connection lives on."""
        body = orjson.loads(content)
        self.requests.append((path, body))
        model = str(body.get("model"))
        if headers.get("authorization") != f"Bearer {KEY}":
            return await self._refuse(writer, 401, "invalid_api_key", "invalid_request_error", {})
        base = model.removesuffix("-once")
        if base in FAILURES and (base == model or not self._failed[model]):
            self._failed[model] += 1
            return await self._refuse(writer, *FAILURES[base])
        if model == "sim-slow":
            await self._stopped.wait()
            return False
        if model == "sim-garbled":
            return await self._send(writer, 200, "application/json", b"<html>")
        is_responses = path.endswith("/responses")
        reply, end = think(wire.heard(path, body)), _ENDS.get(model)
        if not body.get("stream"):
            made = (wire.response if is_responses else wire.completion)(model, reply, end=end)
            return await self._send(writer, 200, "application/json", orjson.dumps(made))
        events = (wire.response_events if is_responses else wire.completion_events)(model, reply, end=end)
        return await self._stream(writer, model, [*events], has_text=bool(reply.text))

    async def _stream(
        self, writer: asyncio.StreamWriter, model: str, events: list[bytes], *, has_text: bool
    ) -> bool:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_1\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        breaks = has_text and model in ("sim-cut", "sim-silent")
        for event in events[: len(events) * 2 // 3] if breaks else events:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
        if breaks:
            if model == "sim-silent":
                await self._stopped.wait()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _refuse(
        self, writer: asyncio.StreamWriter, status: int, code: str | None, kind: str, headers: dict[str, str]
    ) -> bool:
        # Vendors repeat parts of keys in such messages.
        error = {"message": f"Refused ({KEY})", "type": kind, "param": None, "code": code}
        return await self._send(writer, status, "application/json", orjson.dumps({"error": error}), headers)

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        kind: str,
        content: bytes,
        headers: dict[str, str] | None = None,
    ) -> bool:
        more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        writer.write(
            f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nx-request-id: req_1\r\n{more}"
            f"content-length: {len(content)}\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        return True
