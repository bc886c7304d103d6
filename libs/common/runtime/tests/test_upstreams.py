"""Calls between services, when the one that is called dies."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvloop

from libs.common.actor import ActorSigner, system_actor
from libs.common.clock import SystemClock
from libs.common.errors import Unavailable
from libs.common.runtime.upstreams import Upstreams

_NO_LINGER = struct.pack("ii", 1, 0)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that connections can be made to."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def reset_new(listener: socket.socket) -> None:
    """Reset the connection that was made, if one was, as the kernel does for a process that was killed."""
    with suppress(BlockingIOError):
        connection, _ = listener.accept()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        connection.close()


async def call_and_reset(listener: socket.socket) -> None:
    """Call, and reset connections before the event loop has looked at them."""
    port = listener.getsockname()[1]
    upstreams = Upstreams({"catalog": f"http://127.0.0.1:{port}"}, ActorSigner("k" * 32), SystemClock())
    call = asyncio.create_task(
        upstreams.call("catalog", "POST", "/reservations", actor=system_actor("orders"))
    )
    while not call.done():
        # Behind the call in the same turn of the loop, which looks at its sockets between turns.
        reset_new(listener)
        await asyncio.sleep(0)
    await upstreams.close()
    await call


def test_a_connection_that_is_reset_as_it_is_made_means_that_the_service_is_not_available(
    listener: socket.socket,
) -> None:
    with pytest.raises(Unavailable):
        uvloop.run(call_and_reset(listener))
