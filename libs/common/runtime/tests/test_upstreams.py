"""Calls between services, when the one that is called dies."""

import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from libs.common.actor import ActorSigner, system_actor
from libs.common.clock import SystemClock
from libs.common.errors import AppError
from libs.common.runtime.upstreams import Upstreams

_NO_LINGER = struct.pack("ii", 1, 0)


@contextmanager
def resetting() -> Iterator[int]:
    """A server that resets every connection at once, as the kernel does for a process that was killed; its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


async def _call_while_busy(port: int, times: int) -> Counter[str]:
    """Call so often at once, in an event loop with much to do: connections die before they are looked at."""
    loop = asyncio.get_running_loop()
    outcomes: Counter[str] = Counter()
    busy = True

    def work() -> None:
        time.sleep(0.005)
        if busy:
            loop.call_soon(work)

    async def call() -> None:
        upstreams = Upstreams({"catalog": f"http://127.0.0.1:{port}"}, ActorSigner("k" * 32), SystemClock())
        try:
            await upstreams.call("catalog", "POST", "/reservations", actor=system_actor("orders"))
        except AppError as error:
            outcomes[error.slug] += 1
        finally:
            await upstreams.close()

    work()
    await asyncio.gather(*(call() for _ in range(times)))
    busy = False
    return outcomes


def test_a_connection_that_is_reset_as_it_is_made_means_that_the_service_is_not_available() -> None:
    with resetting() as port:
        outcomes = uvloop.run(_call_while_busy(port, 50))
    assert outcomes == {"unavailable": 50}
