"""Raw sockets on both sides of the gateway: a client that sends any bytes, and a service that notes what arrives."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from libs.common.runtime.host import Host, listen
from libs.common.runtime.registry import load_gateway
from libs.common.settings import CommonSettings

SERVICES = ("identity", "crm", "catalog", "orders", "payments", "notifications", "analytics")
# The answer to any path that says so, in bytes.
LARGE = 30_000_000
GUEST = {"actor": {"kind": "guest"}}


@dataclass(frozen=True)
class Arrived:
    """A request as a service saw it."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def values(self, name: str) -> list[str]:
        """All values of a header, by its lower-case name."""
        return [value for key, value in self.headers if key == name]


@dataclass
class Recorder:
    """A service that notes each request and answers all with an empty object; asked who somebody is, with a guest.

    It reads by the letter: a body has a `Content-Length`, or is chunked, or is none.
    """

    url: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    broken: list[bytes] = field(default_factory=list)
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def of(self, mark: str) -> list[Arrived]:
        """The requests that bear a mark anywhere."""
        return [
            a for a in self.arrived if mark in a.line or mark in str(a.headers) or mark.encode() in a.body
        ]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await self._read(reader)
                answer = {}
                if request.line.startswith("POST /internal/authenticate"):
                    answer = GUEST
                else:
                    self.arrived.append(request)
                body = b"x" * LARGE if "/large" in request.line else json.dumps(answer).encode()
                head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                writer.write(head % len(body) + body)
                await writer.drain()
        writer.close()
        self._open.discard(writer)

    def _close(self) -> None:
        for writer in self._open:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Arrived:
        head = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        line, *rest = head.split(b"\r\n")
        headers = []
        for each in rest:
            name, colon, value = each.partition(b":")
            if not colon or name != name.strip() or b"\n" in each or b"\r" in each or b"\0" in each:
                self.broken.append(head)
            headers.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
        lengths = [value for name, value in headers if name == "content-length"]
        codings = [value for name, value in headers if name == "transfer-encoding"]
        if len(lengths) + len(codings) > 1 or codings not in ([], ["chunked"]):
            self.broken.append(head)
        body = b""
        if codings:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readuntil(b"\r\n")
        elif lengths:
            body = await reader.readexactly(int(lengths[0]))
        return Arrived(line.decode("latin-1"), tuple(headers), body)


@contextlib.asynccontextmanager
async def recording() -> AsyncIterator[Recorder]:
    """A recorder on a free port."""
    recorder = Recorder()
    server = await asyncio.start_server(recorder._serve, "127.0.0.1", 0)
    recorder.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield recorder
    finally:
        server.close()
        recorder._close()
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def gateway_process(recorder: Recorder, **settings: str) -> AsyncIterator[tuple[int, int]]:
    """The gateway as a process of its own, with these settings; gives its port and process id."""
    listener = listen(18300)
    port: int = listener.getsockname()[1]
    os.set_inheritable(listener.fileno(), True)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "libs.common.runtime.cli", "serve", "gateway", "--exit-with-parent"),
        *("--listener", str(listener.fileno())),
        env={
            **os.environ,
            "PILLARS_ENVIRONMENT": "test",
            "PILLARS_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PILLARS_UPSTREAMS": json.dumps(dict.fromkeys(SERVICES, recorder.url)),
            **settings,
        },
        pass_fds=[listener.fileno()],
        stderr=asyncio.subprocess.DEVNULL,
    )
    listener.close()
    try:
        # The socket listens from the start, so this waits until somebody answers.
        ready = await say(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", quiet=0.01, patience=60)
        assert ready.statuses == (200,), ready
        yield port, process.pid
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def gateway_before(recorder: Recorder) -> AsyncIterator[int]:
    """The gateway as its own process has it, with the recorder as every service; gives its port.

    Its settings are read from the environment, as in a deployment.
    """
    listener = listen(18200)
    port: int = listener.getsockname()[1]
    common = CommonSettings(
        environment="test",
        public_url=f"http://127.0.0.1:{port}",
        upstreams=dict.fromkeys(SERVICES, recorder.url),
        amqp_url=None,
    )
    host, stop = Host([], common, roles=(), gateway=load_gateway()), asyncio.Event()
    serving = asyncio.create_task(host.serve(await host.start(), listener, stop))
    try:
        yield port
    finally:
        stop.set()
        await serving
        await host.close()


@dataclass(frozen=True)
class Heard:
    """What came back: the status of each answer, all bytes, and whether the connection was closed at the end."""

    statuses: tuple[int, ...]
    data: bytes
    is_closed: bool


async def say(port: int, *parts: bytes, quiet: float = 0.4, patience: float = 10.0) -> Heard:
    """Send bytes, and listen until the other side closes, or says nothing more after it has answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data, is_closed = b"", False
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
            if part is not parts[-1]:
                await asyncio.sleep(0.02)
        while True:
            try:
                more = await asyncio.wait_for(reader.read(65_536), quiet if data else patience)
            except TimeoutError:
                break
            if not more:
                is_closed = True
                break
            data += more
    except ConnectionError:
        is_closed = True
    finally:
        writer.close()
    return Heard(tuple(_statuses(data)), data, is_closed)


def _statuses(data: bytes) -> list[int]:
    """The statuses of the answers in a stream of them, each with a length or chunked."""
    found = []
    while data.startswith(b"HTTP/1.1 "):
        head, _, data = data.partition(b"\r\n\r\n")
        status = int(head[9:12])
        if status != 100:
            found.append(status)
        lower = head.lower()
        if b"transfer-encoding: chunked" in lower:
            _, _, data = data.partition(b"0\r\n\r\n")
        elif b"content-length: " in lower:
            data = data[int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]) :]
    return found
