"""`pillars serve`: one service, or the gateway, as a process of its own.

Its command line is the standard library's: what reads those of the other commands would stay in memory for as long as
the service lives.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence

from libs.common.failpoints import arm
from libs.common.logging import configure_logging
from libs.common.runtime.commands.lifetime import die_with_parent, keep_what_is_here, run_async
from libs.common.runtime.commands.pages import give_pages_back_at_rest
from libs.common.runtime.host import ROLES, Host, listen
from libs.common.runtime.registry import NAMES, load, load_gateway
from libs.common.runtime.supervised import Supervisor
from libs.common.settings import CommonSettings
from libs.common.telemetry import configure_tracing

log = logging.getLogger("pillars.serve")

DESCRIPTION = """\
Run one service as a process of its own; `migrate` must have run before.

Other services are found through PILLARS_UPSTREAMS, the database through DATABASE_URL, the bus through AMQP_URL.
SIGTERM finishes what is in hand, at most 20 seconds, and ends.
"""


def serve(arguments: Sequence[str]) -> None:
    """Run what the arguments ask for until SIGTERM or SIGINT; exit with 2 where they are wrong."""
    given = _parser().parse_args(arguments)
    if given.exit_with_parent:
        die_with_parent()
    common = CommonSettings()
    common.refuse_development_secrets()
    arm(common)
    configure_logging(given.name, level=common.log_level, style=common.log_format)

    def bind() -> socket.socket:
        # A supervisor may hand down a listening socket by its file descriptor.
        if given.listener is not None:
            return socket.socket(fileno=given.listener)
        try:
            return listen(given.port, given.host, exactly=True)
        except OSError as error:
            raise SystemExit(f"pillars serve {given.name}: {error}") from None

    run_async(_serve(given.name, common, bind, given.roles, Supervisor(given.supervisor)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "pillars serve", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = ("gateway", *NAMES)
    parser.add_argument("name", choices=known, metavar="service", help=f"one of {', '.join(known)}")
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get("PORT", "8000"),
        help="port to listen on, for /healthz, /readyz and /metrics too; 0 is any free one (PORT, else 8000)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--roles",
        type=_roles,
        default=ROLES,
        help=f"what this process does, comma-separated: {', '.join(sorted(ROLES))} (all)",
    )
    # What a supervisor says: end with it, and the descriptors of a listening socket and of the talk with it.
    parser.add_argument("--exit-with-parent", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--listener", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--supervisor", type=int, help=argparse.SUPPRESS)
    return parser


def _roles(written: str) -> frozenset[str]:
    roles = frozenset(written.split(","))
    if unknown := roles - ROLES:
        raise argparse.ArgumentTypeError(
            f"unknown roles {', '.join(sorted(unknown))}; there are {', '.join(sorted(ROLES))}"
        )
    return roles


async def _serve(
    name: str,
    common: CommonSettings,
    bind: Callable[[], socket.socket],
    roles: frozenset[str],
    supervisor: Supervisor,
) -> None:
    tracing = configure_tracing(common, name)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    supervisor.watch(stop)
    if name == "gateway":
        host = Host([], common, roles=(), gateway=load_gateway())
    else:
        host = Host([load(name)], common, roles=roles)
    try:
        app = await host.start()
        keep_what_is_here()
        resting = asyncio.create_task(give_pages_back_at_rest(stop))
        listener = bind()
        log.info("%s listens at %s, port %d", name, *listener.getsockname())
        await host.serve(app, listener, stop, on_ready=supervisor.ready, on_stop=supervisor.stopping)
        await resting
    finally:
        await host.close()
        if tracing is not None:
            tracing.shutdown()
    supervisor.done()
