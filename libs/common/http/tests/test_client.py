"""The client for calls between our own processes, before servers that behave and servers that do not."""

import asyncio
import ctypes
import socket
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from libs.common.http.client.errors import BadAnswer, CutShort, Disconnected, NotConnected
from libs.common.http.client.origin import Origin
from libs.common.testing.eventually import eventually

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
# Of <asm/socket.h>: `socket` does not name it.
_SO_ATTACH_FILTER = 26
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Served:
    """A server and what came to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connections = 0
        self.heads: list[bytes] = []


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[Served]:
    """A server on loopback that hands each connection to `serve`."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    served = Served(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, asyncio.timeout(10):
        yield served


def answering(*answers: bytes) -> Serve:
    """One answer to each request of a connection, in turn."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await reader.read()

    return serve


async def test_a_connection_is_used_again() -> None:
    async with serving(answering(OK, OK, OK)) as server:
        origin = Origin(server.url)
        for _ in range(3):
            answer = await origin.request(b"GET", b"/", ())
            assert (answer.status, await answer.read()) == (200, b"ok")
        assert server.connections == 1
        origin.close()


async def test_a_connection_that_was_idle_is_not_used_again() -> None:
    async with serving(answering(OK, OK)) as server:
        origin = Origin(server.url, idle_seconds=0)
        for _ in range(2):
            await (await origin.request(b"GET", b"/", ())).read()
        assert server.connections == 2
        origin.close()


async def test_a_connection_ends_when_it_has_lived_long_enough() -> None:
    # So that a process that was added gets its share, however busy the connections to the others are kept.
    async with serving(answering(OK, OK)) as server:
        origin = Origin(server.url, life_seconds=0)
        for _ in range(2):
            assert await (await origin.request(b"GET", b"/", ())).read() == b"ok"
        assert server.connections == 2
        origin.close()


async def test_of_several_addresses_one_that_refuses_is_passed_over() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    async with serving(answering(OK)) as server:
        origin = Origin(server.url.replace("127.0.0.1", "orders"), resolve=resolve)
        assert await (await origin.request(b"GET", b"/", ())).read() == b"ok"
        origin.close()


async def test_where_no_address_answers_nothing_was_sent() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.3"]

    async with serving(answering(OK)) as server:
        origin = Origin(server.url.replace("127.0.0.1", "orders"), resolve=resolve)
        with pytest.raises(NotConnected, match="orders"):
            await origin.request(b"GET", b"/", ())
        assert server.connections == 0


async def test_what_an_answer_says_of_its_connection_holds() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    async with serving(answering(closing, OK)) as server:
        origin = Origin(server.url)
        for _ in range(2):
            await (await origin.request(b"GET", b"/", ())).read()
        assert server.connections == 2
        origin.close()


async def test_an_answer_in_chunks_comes_whole_and_its_trailers_are_dropped() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    async with serving(answering(chunked, OK)) as server:
        origin = Origin(server.url)
        answer = await origin.request(b"GET", b"/", ())
        assert await answer.read() == b"abc"
        assert [name.lower() for name, _ in answer.headers] == [b"transfer-encoding"]
        await (await origin.request(b"GET", b"/", ())).read()
        assert server.connections == 1
        origin.close()


async def test_what_comes_before_an_answer_is_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    async with serving(answering(early + OK)) as server:
        origin = Origin(server.url)
        answer = await origin.request(b"GET", b"/", ())
        assert (answer.status, answer.headers, await answer.read()) == (
            200,
            [(b"Content-Length", b"2")],
            b"ok",
        )
        origin.close()


async def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    async with serving(serve) as server:
        assert await (await Origin(server.url).request(b"GET", b"/", ())).read() == b"all of it"


@pytest.mark.parametrize(
    "broken",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
    ],
)
async def test_an_answer_that_ends_early_is_cut_short(broken: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(broken)

    async with serving(serve) as server:
        answer = await Origin(server.url).request(b"GET", b"/", ())
        with pytest.raises(CutShort):
            await answer.read()


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example.com ESMTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
)
async def test_what_is_no_answer_is_said_to_be_none(answer: bytes) -> None:
    async with serving(answering(answer)) as server:
        with pytest.raises(BadAnswer):
            await Origin(server.url).request(b"GET", b"/", ())


async def test_what_follows_an_answer_is_never_taken_for_the_next() -> None:
    async with serving(answering(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", OK)) as server:
        origin = Origin(server.url)
        await (await origin.request(b"GET", b"/", ())).read()
        assert await (await origin.request(b"GET", b"/", ())).read() == b"ok"
        assert server.connections == 2
        origin.close()


async def test_what_comes_unasked_ends_the_connection() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        await said.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        with suppress(ConnectionError):
            await reader.read()
        ended.set()

    said = asyncio.Event()
    async with serving(serve) as server:
        origin = Origin(server.url)
        await (await origin.request(b"GET", b"/", ())).read()
        said.set()
        await ended.wait()
        said.clear()
        pending = asyncio.create_task(origin.request(b"GET", b"/", ()))
        said.set()
        await (await pending).read()
        assert server.connections == 2
        origin.close()


async def test_nobody_at_the_address_is_not_connected() -> None:
    async with serving(answering()) as server:
        url = server.url
    with pytest.raises(NotConnected):
        await Origin(url).request(b"GET", b"/", ())


async def test_a_server_that_leaves_without_an_answer_is_disconnected() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with serving(serve) as server:
        with pytest.raises(Disconnected):
            await Origin(server.url).request(b"POST", b"/", (), b"{}")


async def test_requests_beyond_the_connections_wait_for_their_turn() -> None:
    async with serving(answering(*[OK] * 20)) as server:
        origin = Origin(server.url, connections=2)

        async def one() -> bytes:
            return await (await origin.request(b"GET", b"/", ())).read()

        assert await asyncio.gather(*(one() for _ in range(20))) == [b"ok"] * 20
        assert server.connections == 2
        origin.close()


async def test_waiting_for_a_connection_has_an_end() -> None:
    async with serving(answering()) as server:
        origin = Origin(server.url, connections=1, connect_seconds=0.05)
        first = asyncio.create_task(origin.request(b"GET", b"/", ()))
        await asyncio.sleep(0)
        with pytest.raises(NotConnected) as raised:
            await origin.request(b"GET", b"/", ())
        assert isinstance(raised.value.__cause__, TimeoutError)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        origin.close()


async def test_a_request_that_is_given_up_takes_its_connection_with_it() -> None:
    async with serving(answering()) as server:
        origin = Origin(server.url, connections=1)
        for number in range(1, 4):
            request = asyncio.create_task(origin.request(b"GET", b"/", ()))
            await eventually(lambda count=number: server.connections == count)
            request.cancel()
            with pytest.raises(asyncio.CancelledError):
                await request
        origin.close()


@pytest.mark.parametrize("bad", [b"a\r\nx: y", b"a\nx: y", b"a\ry", b"a\0"])
async def test_a_header_that_would_be_two_is_not_sent(bad: bytes) -> None:
    async with serving(answering(OK)) as server:
        for target, headers in ((b"/", [(b"x", bad)]), (b"/", [(bad, b"x")]), (b"/" + bad, [])):
            with pytest.raises(ValueError, match="control byte"):
                await Origin(server.url).request(b"GET", target, headers)
        assert server.connections == 0


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the request: its head, and as many bytes behind it as `X-Read` says."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.partition(b"x-read: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(size)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b%b" % (len(head) + size, head, body))


async def test_content_is_framed_as_its_headers_say_or_by_us() -> None:
    async def parts() -> AsyncIterator[bytes]:
        for part in (b"ab", b"", b"c"):
            yield part

    async with serving(echo) as server:
        origin = Origin(server.url + "/base/")

        async def sent(method: bytes, read: int, content: object, *headers: tuple[bytes, bytes]) -> bytes:
            given = [(b"x-read", b"%d" % read), *headers]
            return await (await origin.request(method, b"/p?q=1", given, content)).read()  # type: ignore[arg-type]

        whole = await sent(b"PUT", 3, b"abc")
        assert whole.startswith(b"PUT /base/p?q=1 HTTP/1.1\r\nhost: 127.0.0.1:")
        assert whole.endswith(b"content-length: 3\r\n\r\nabc")
        chunked = await sent(b"POST", 18, parts())
        assert chunked.endswith(b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        known = await sent(b"POST", 3, parts(), (b"content-length", b"3"))
        assert known.endswith(b"content-length: 3\r\n\r\nabc")
        assert b"chunked" not in known
        assert (await sent(b"POST", 0, None)).endswith(b"content-length: 0\r\n\r\n")
        assert b"content-length" not in await sent(b"GET", 0, None)
        origin.close()


async def test_content_that_breaks_off_ends_the_request() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"ab"
        raise RuntimeError("gone")

    async with serving(answering()) as server:
        with pytest.raises(Disconnected):
            await Origin(server.url).request(b"POST", b"/", (), parts())


async def test_a_large_answer_waits_for_a_slow_reader() -> None:
    size = 16 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        await reader.read()

    async with serving(serve) as server:
        origin = Origin(server.url)
        answer = await origin.request(b"GET", b"/", ())
        kept, more = [], True
        while more:
            # Time enough for most of it to come, if it were taken.
            for _ in range(200):
                await asyncio.sleep(0)
            part, more = await answer.part()
            kept.append(len(part))
        assert sum(kept) == size
        assert max(kept) < 1024 * 1024
        origin.close()


def vanish(writer: asyncio.StreamWriter) -> None:
    """Let no packet reach this end of a connection any more, as if its host were gone."""
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such filters")
@pytest.mark.parametrize("is_read", [False, True])
async def test_a_server_that_vanished_is_noticed_long_before_a_slow_one_is_given_up(is_read: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if is_read:
            await reader.readuntil(b"\r\n\r\n")
        vanish(writer)
        await reader.read()

    async with serving(serve) as server:
        origin = Origin(server.url, vanished_seconds=1)
        with pytest.raises(Disconnected):
            async with asyncio.timeout(8):
                await origin.request(b"GET", b"/", ())
        origin.close()


async def test_a_server_that_is_slow_to_take_a_body_in_has_not_vanished() -> None:
    goes_on = asyncio.Event()
    content = bytes(32 * 1024 * 1024)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await goes_on.wait()
        await reader.readexactly(len(content))
        writer.write(OK)
        await reader.read()

    async with serving(serve) as server:
        origin = Origin(server.url, vanished_seconds=1)
        asking = asyncio.create_task(origin.request(b"POST", b"/", (), content))
        done, _ = await asyncio.wait({asking}, timeout=2)
        assert not done
        goes_on.set()
        assert (await asking).status == 200
        origin.close()
