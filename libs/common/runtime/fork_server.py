"""A process that has imported what every service needs and forks one whenever it is asked to.

A service is there in a fraction of a second, where a fresh interpreter takes seconds to import the same; and all share
that memory. Asked to, it also forks templates: copies that import one service and then fork that. One thread, no event loop, no connection: nothing that would not survive a fork. Run as
`python -m libs.common.runtime.fork_server <descriptor of a Unix socket> <room for the command line>`.
"""

import gc
import json
import os
import random
import signal
import socket
import sys
from pathlib import Path
from typing import Any

MESSAGE_BYTES = 262_144
_COMMAND = "libs.common.runtime.cli"


def preload() -> None:
    """Import what every service needs, and no service."""
    import libs.common.runtime.lean  # noqa: I001 - first: it keeps others from importing too much

    import uvloop  # noqa: F401

    import libs.common.messaging.rabbit
    import libs.common.resource
    import libs.common.runtime.commands.serve  # noqa: F401


def main() -> None:
    """Fork until the supervisor is gone; the copies go on as the command they were asked to be."""
    from libs.common.runtime.process_title import set_command_line

    link = socket.socket(fileno=int(sys.argv[1]))
    set_command_line([sys.executable, "-m", "libs.common.runtime.fork_server"])
    # The kernel takes away those that end; the supervisor watches them itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    preload()
    gc.collect()
    # What is here now is never garbage; a collector that looked at it would copy every page of it.
    gc.freeze()
    link.send(b"ready")
    order = _serve(link)
    if order is not None:
        _become(order)


def _serve(link: socket.socket) -> dict[str, Any] | None:
    """Take orders; return one in the process that is to carry it out, None in a server or template at the end."""
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(link, MESSAGE_BYTES, 8)
        except OSError:
            return None
        if not message:
            return None
        order: dict[str, Any] = json.loads(message)
        pid = os.fork()
        if pid == 0:
            link.close()
            if "template" in order:
                link = socket.socket(fileno=descriptors[0])
                _be_template(order["template"], link)
                continue
            order["descriptors"] = descriptors
            return order
        for descriptor in descriptors:
            os.close(descriptor)
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            link.send(b"0")
        else:
            socket.send_fds(link, [b"%d" % pid], [handle])
            os.close(handle)


def _be_template(name: str, link: socket.socket) -> None:
    from libs.common.runtime.process_title import set_command_line
    from libs.common.runtime.registry import NAMES, load, load_gateway

    os.setsid()
    set_command_line([sys.executable, "-m", "libs.common.runtime.fork_server", "for", name])
    if name in NAMES:
        load(name)
    else:
        load_gateway()
    gc.collect()
    gc.freeze()
    link.send(b"ready")


def _become(order: dict[str, Any]) -> None:
    from libs.common.runtime.process_title import set_command_line

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    # In the order in which the supervisor sent them: the output first, then those that arguments speak of.
    output, *others = order["descriptors"]
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(order["environment"])
    arguments = [a.format(*others) for a in order["arguments"]]
    set_command_line([sys.executable, "-m", _COMMAND, *arguments])
    random.seed()
    sys.argv = [str(Path(__file__).with_name("cli.py")), *arguments]
    from libs.common.runtime import cli

    cli.main()


if __name__ == "__main__":
    main()
