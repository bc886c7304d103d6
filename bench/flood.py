"""The same GET over and over on each connection, with as little work as can be: for servers faster than a parser."""

import asyncio
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit


class Flood(asyncio.Protocol):
    """One connection: sends the request anew whenever an answer is complete, until `until`."""

    def __init__(self, request: bytes, latencies: list[float], errors: list[str], until: float) -> None:
        self._request = request
        self._latencies = latencies
        self._errors = errors
        self._until = until
        self._transport: Any = None
        self._buffer = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        if not _is_complete(data):
            self._buffer = data
            return
        self._buffer = b""
        now = time.perf_counter()
        if data[9:12] != b"200":
            self._errors.append(data[:200].decode("latin-1"))
        self._latencies.append((now - self._sent) * 1000)
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if time.perf_counter() < self._until:
            self._errors.append(f"the server closed a connection: {error}")
        if not self.done.done():
            self.done.set_result(None)


def _is_complete(data: bytes) -> bool:
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    lower = data[:head].lower()
    at = lower.find(b"content-length:")
    if at < 0:
        return data.endswith(b"0\r\n\r\n")
    end = lower.find(b"\r\n", at)
    return len(data) >= head + 4 + int(lower[at + 15 : end if end > 0 else head])


async def flood(
    url: str, item: dict[str, str], connections: int, seconds: float
) -> tuple[list[float], list[str], float]:
    """Latencies in milliseconds, errors, and the seconds it took."""
    parts = urlsplit(url)
    request = f"GET {item['path']} HTTP/1.1\r\nHost: {parts.netloc}\r\n{item.get('headers', '')}\r\n".encode()
    latencies: list[float] = []
    errors: list[str] = []
    began = time.perf_counter()
    floods = [Flood(request, latencies, errors, began + seconds) for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for one in floods:
        await loop.create_connection(partial(_same, one), parts.hostname or "", parts.port or 80)
    await asyncio.gather(*(one.done for one in floods))
    return latencies, errors, time.perf_counter() - began


def _same(one: Flood) -> Flood:
    return one
