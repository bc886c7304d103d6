"""Listening sockets."""

import errno
import socket


def listen(port: int, host: str = "127.0.0.1", *, exactly: bool = False) -> socket.socket:
    """A listening socket on this port, or on the next free one unless `exactly` this one is wanted.

    Raises:
        OSError: the port is taken, or it is not ours to listen there.
    """
    candidates = [port] if exactly else [*range(port, min(port + 100, 65536)), 0]
    failure: OSError | None = None
    for candidate in candidates:
        # Only of a socket whose protocol is named does asyncio know that it is TCP, and switches off Nagle's delay.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            # Bound alone is not enough: until one of them listens, two processes may hold the same port.
            listener.listen(2048)
        except OSError as error:
            listener.close()
            failure = error
            continue
        return listener
    if failure is not None and failure.errno != errno.EADDRINUSE:
        raise OSError(f"cannot listen on port {port} of {host}: {failure.strerror}") from failure
    raise OSError(
        f"port {port} of {host} is taken; choose another with --port, or any free one with --port 0"
    )
