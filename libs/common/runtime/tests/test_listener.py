"""Listening sockets."""

import asyncio
import socket

import pytest

from libs.common.runtime.listener import listen


async def test_answers_are_sent_without_waiting_for_more() -> None:
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        accepted.set_result(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = listen(0)
    port = listener.getsockname()[1]
    async with await asyncio.start_server(serve, sock=listener):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await accepted
        writer.close()
        await writer.wait_closed()


def test_who_cannot_listen_is_told_why() -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"port {port} of 127\.0\.0\.1 is taken; choose another"):
            listen(port, exactly=True)
    with pytest.raises(OSError, match=r"cannot listen on port 8000 of 192\.0\.2\.1: Cannot assign"):
        listen(8000, "192.0.2.1", exactly=True)


def test_the_next_free_port_is_taken_where_any_will_do() -> None:
    with listen(0) as taken, listen(taken.getsockname()[1]) as other:
        assert other.getsockname()[1] != taken.getsockname()[1]
