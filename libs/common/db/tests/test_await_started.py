"""Migrating waits for a server that is starting, and for no other."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from libs.common.db.migrate import await_started

STARTING, WRONG_PASSWORD = "57P03", "28P01"
# A process, for libpq lets no other thread run while it asks.
_SERVER = """
import socket, struct, sys
with socket.create_server(("127.0.0.1", 0)) as listener:
    print(listener.getsockname()[1], flush=True)
    for state in sys.argv[1:]:
        connection, _ = listener.accept()
        with connection:
            [size] = struct.unpack(">I", connection.recv(4, socket.MSG_WAITALL))
            connection.recv(size - 4, socket.MSG_WAITALL)
            said = b"SFATAL\\0VFATAL\\0C" + state.encode() + b"\\0Mnot now\\0\\0"
            connection.sendall(b"E" + struct.pack(">I", len(said) + 4) + said)
        print(state, flush=True)
"""


@contextmanager
def server(*states: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """One that refuses connections with these SQLSTATEs, one after the other, and ends; it prints those it gave."""
    command = [sys.executable, "-c", _SERVER, *states]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable", process
        finally:
            process.kill()


def test_a_server_that_is_starting_is_waited_for() -> None:
    with server(STARTING, STARTING, WRONG_PASSWORD) as (url, process):
        await_started(url, pause=0)
        told, _ = process.communicate(timeout=10)
    assert told.split() == [STARTING, STARTING, WRONG_PASSWORD]


def test_one_that_starts_for_too_long_is_given_up() -> None:
    with server(STARTING) as (url, process):
        await_started(url, seconds=0)
        told, _ = process.communicate(timeout=10)
    assert told.split() == [STARTING]


def test_nobody_is_waited_for_where_nobody_listens() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    began = time.monotonic()
    await_started(f"postgresql://postgres@127.0.0.1:{port}/x", pause=60)
    assert time.monotonic() - began < 60
