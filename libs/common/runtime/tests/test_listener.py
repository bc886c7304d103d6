"""Listening sockets."""

import asyncio
import socket

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
