"""Who sends or takes a byte a second, or holds ten thousand connections, holds up nobody else, and not for long."""

import asyncio
import contextlib
import resource
import socket
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from deploy.e2e.hostile.wire import Recorder, gateway_process, recording, say
from libs.common.http.connection_limits import raise_file_limit
from libs.common.testing.eventually import eventually

GET = b"GET /api/v1/public/hello HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/v1/public/hello HTTP/1.1\r\nHost: x\r\n"
CROWD, OF_ONE = 10_000, 500
SHORT = {
    "GATEWAY_HEAD_SECONDS": "2",
    "GATEWAY_IDLE_SECONDS": "2",
    "GATEWAY_WRITE_SECONDS": "2",
    "GATEWAY_BODY_IDLE_SECONDS": "2",
    "GATEWAY_BODY_SECONDS": "4",
}


@pytest.fixture(scope="module")
async def service() -> AsyncIterator[Recorder]:
    """A service behind."""
    async with recording() as recorder:
        yield recorder


@pytest.fixture(scope="module")
async def impatient(service: Recorder) -> AsyncIterator[int]:
    """The port of a gateway that waits for two seconds."""
    async with gateway_process(service, **SHORT) as (port, _):
        yield port


async def trickle(port: int, head: bytes, drop: bytes, *, every: float = 0.25) -> tuple[bytes, float]:
    """Send the head at once and then a little at a time; what came back, and after how long the connection ended."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head)

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(drop)
                await writer.drain()
                await asyncio.sleep(every)

    dripping = asyncio.create_task(drip())
    data = b""
    with contextlib.suppress(ConnectionError):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(30):
                data = await reader.read()
    dripping.cancel()
    writer.close()
    return data, time.monotonic() - began


SLOW = {
    "nothing at all": (b"", b"", b" 408 "),
    "a request line": (b"GET /api", b"x", b" 408 "),
    "headers": (GET, b"X", b" 408 "),
    "empty lines": (b"", b"\r\n", b" 408 "),
    "a body with a length": (POST + b"Content-Length: 5000\r\n\r\n", b"x", b" 408 "),
    "a body in chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", b" 408 "),
    "the length of a chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"0", b" 408 "),
    "a second request": (GET + b"\r\n" + GET, b"X", b" 200 "),
    "nothing after an answer": (GET + b"\r\n", b"", b" 200 "),
    "empty lines after an answer": (GET + b"\r\n", b"\r\n", b" 200 "),
    "a body that was refused": (POST + b"Content-Length: 9000000\r\n\r\n", b"x", b" 413 "),
}


async def test_what_comes_a_byte_at_a_time_is_ended(impatient: int) -> None:
    ends = await asyncio.gather(*(trickle(impatient, head, drop) for head, drop, _ in SLOW.values()))
    for name, (data, seconds), (_, _, status) in zip(SLOW, ends, SLOW.values(), strict=True):
        assert status in data.partition(b"\r\n")[0], (name, data)
        # Twice the limit, the tick of the table, and what a busy machine adds.
        assert seconds < 15, (name, seconds)


async def test_who_takes_nothing_of_an_answer_is_dropped(impatient: int) -> None:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", impatient))
    client.sendall(GET.replace(b"hello", b"large") + b"\r\n")
    client.setblocking(False)

    def is_dropped() -> bool:
        with open("/proc/net/tcp") as table:
            local = f":{client.getsockname()[1]:04X}"
            mine = [line.split() for line in table if line.split()[1].endswith(local)]
        return not mine or mine[0][3] != "01"  # no longer ESTABLISHED

    assert not is_dropped()
    await eventually(is_dropped, 20)
    client.close()


ENDLESS = {
    "a request line": (b"GET /", b"x" * 65_536, (b" 414 ", b" 431 ", b" 400 ")),
    "a header": (GET + b"X-A: ", b"x" * 65_536, (b" 431 ",)),
    "headers": (GET, b"X-A: b\r\n" * 8_192, (b" 431 ",)),
    "a chunk extension": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3",
        b";x=" + b"y" * 65_536,
        (b" 431 ", b" 400 "),
    ),
    "trailers": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        b"X-A: b\r\n" * 8_192,
        (b" 431 ", b" 400 "),
    ),
    "a body in chunks": (
        POST + b"Transfer-Encoding: chunked\r\n\r\n",
        b"10000\r\n" + b"x" * 65_536 + b"\r\n",
        (b" 413 ",),
    ),
}


ENDLESS_BYTES = 1_000_000_000


@pytest.mark.parametrize("name", ENDLESS)
async def test_what_has_no_end_is_refused_early(impatient: int, name: str) -> None:
    head, part, statuses = ENDLESS[name]
    reader, writer = await asyncio.open_connection("127.0.0.1", impatient)
    writer.write(head)
    sent = 0

    async def send() -> None:
        nonlocal sent
        with contextlib.suppress(ConnectionError):
            while sent < ENDLESS_BYTES:
                writer.write(part)
                await writer.drain()
                sent += len(part)

    sending = asyncio.create_task(send())
    answer = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(20):
            answer = await reader.readuntil(b"\r\n")
    sending.cancel()
    writer.close()
    # A reset may overtake the answer; that it came to one is what counts.
    assert not answer or any(status in answer for status in statuses), answer
    # How much the kernel took meanwhile is a matter of speed; all of it was never taken.
    assert sent < ENDLESS_BYTES


async def test_what_is_a_little_too_large_gets_its_status(impatient: int) -> None:
    for request, status in (
        (GET + b"X-A: %s\r\n\r\n" % (b"x" * 33_000), 431),
        (b"GET /api/v1/public/hello?%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 9_000), 414),
        (b"GET /api/v1/public/%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 9_000), 414),
        (POST + b"Content-Length: 1048577\r\n\r\n", 413),
    ):
        answer = await say(impatient, request)
        assert answer.statuses == (status,), (request[:60], answer)
        assert b"application/problem+json" in answer.data


@contextlib.contextmanager
def crowd(port: int, size: int, addresses: list[str]) -> Iterator[list[socket.socket]]:
    """Connections that do nothing; every second one has sent half a head."""
    held: list[socket.socket] = []
    try:
        for number in range(size):
            connection = socket.create_connection(
                ("127.0.0.1", port), timeout=30, source_address=(addresses[number % len(addresses)], 0)
            )
            if number % 2:
                connection.sendall(GET)
            connection.setblocking(False)
            held.append(connection)
        yield held
    finally:
        for connection in held:
            connection.close()


def is_open(connection: socket.socket) -> bool:
    """Whether the other side has not closed it."""
    try:
        return connection.recv(65_536) != b"" and is_open(connection)
    except BlockingIOError:
        return True
    except OSError:
        return False


def resident(process: int) -> int:
    """The memory of a process, in bytes."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()


async def milliseconds(port: int, times: int = 30) -> float:
    """The median time of a request on a new connection."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"Connection: close\r\n\r\n")
        answer = await reader.read()
        assert b" 200 " in answer[:20], answer[:200]
        taken.append((time.perf_counter() - began) * 1000)
        writer.close()
    return statistics.median(taken)


async def test_ten_thousand_idle_connections_cost_others_nothing_and_are_ended(service: Recorder) -> None:
    if raise_file_limit() < CROWD + 2_000:
        pytest.skip("this process may not open ten thousand files")
    addresses = [f"127.0.1.{n}" for n in range(1, 11)]
    async with gateway_process(service, GATEWAY_HEAD_SECONDS="8") as (port, process):
        alone = await milliseconds(port)
        before = resident(process)
        with contextlib.ExitStack() as stack:
            held = await asyncio.to_thread(stack.enter_context, crowd(port, CROWD, addresses))
            within = await milliseconds(port)
            grown = (resident(process) - before) / CROWD
            # A connection takes a few kilobytes; a request is answered as fast as before (the machine may be busy).
            assert grown < 20_000, f"{grown:.0f} bytes a connection"
            assert within < 5 * alone + 20, f"{within:.1f} ms for {alone:.1f} ms"
            await eventually(lambda: not any(map(is_open, held)), 60)
        assert await milliseconds(port) < 5 * alone + 20


async def test_an_address_that_holds_too_many_loses_its_longest_idle_ones(service: Recorder) -> None:
    settings = {"GATEWAY_ADDRESS_CONNECTIONS": str(OF_ONE), "GATEWAY_HEAD_SECONDS": "60"}
    async with gateway_process(service, **settings) as (port, _):
        with crowd(port, OF_ONE, ["127.0.2.1"]) as first, crowd(port, OF_ONE, ["127.0.0.1"]) as second:
            await eventually(lambda: all(map(is_open, [*first, *second])), 20)
            # Newcomers are served, of the same address too; each takes the place of the one that waited longest.
            await milliseconds(port, 20)
            await eventually(lambda: sum(map(is_open, second)) <= OF_ONE - 1, 20)
            assert not is_open(second[0])
            assert is_open(second[-1])
            assert all(map(is_open, first))


async def test_when_there_are_too_many_in_all_the_longest_idle_make_room(service: Recorder) -> None:
    settings = {"GATEWAY_MOST_CONNECTIONS": "200", "GATEWAY_HEAD_SECONDS": "60"}
    async with gateway_process(service, **settings) as (port, _):
        with crowd(port, 400, [f"127.0.3.{n}" for n in range(1, 5)]) as held:
            await eventually(lambda: sum(map(is_open, held)) <= 200, 20)
            assert not any(map(is_open, held[:200]))
            await milliseconds(port, 20)
