"""Picks TCP ports on the loopback interface."""

import random
import socket

# Below Linux's ephemeral range (32768 up): a client that keeps dialling a stopped server there can be given the very
# same port as its source, connects to itself and blocks the server's return.
_QUIET_RANGE = range(20_000, 32_000)
_TRIES = 50


def free_port(preferred: int | None = None) -> int:
    """Return `preferred` if it can be bound on 127.0.0.1 now, else a free port.

    The port is not reserved: a caller must be ready to lose it to somebody else and ask again.
    """
    if preferred is not None and is_free(preferred):
        return preferred
    for port in random.SystemRandom().sample(_QUIET_RANGE, _TRIES):
        if is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen: int = probe.getsockname()[1]
        return chosen


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        # As servers do, so that connections in TIME_WAIT do not count as a taken port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
        return True
