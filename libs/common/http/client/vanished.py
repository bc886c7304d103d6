"""Notices that the other end of a connection has vanished: its host died, or the network to it.

A process that dies has its connections closed by its system. Where the system is gone as well nobody says anything, and
a caller would wait for as long as it waits for an answer that is slow; other connections to the same name may be well
all the while, since others answer to it. A process that hangs has not vanished: its system still acknowledges what
comes. Source: tcp(7) and socket(7) of Linux.
"""

import socket
import sys
from typing import Any

# A request of this size is taken in by the system of a server that reads nothing.
SMALL_BYTES = 16_384


def probe(connection: Any, seconds: float) -> None:
    """Have the system ask each second whether the other end is there, where nothing is under way; give up after so long."""
    if sys.platform == "linux":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, max(1, round(seconds) - 1))


def bound_sending(connection: Any, seconds: float) -> None:
    """Give up what is under way and not acknowledged after so long; 0 is as long as the system does by itself.

    This ends a connection as well whose other end has no room, so it is not for what may find none.
    """
    if sys.platform == "linux":
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))
