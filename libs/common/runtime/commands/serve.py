"""`pillars serve`: one service, or the gateway, as a process of its own."""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Annotated

import typer

from libs.common.failpoints import arm
from libs.common.logging import configure_logging
from libs.common.runtime.commands.lifetime import die_with_parent, run_async
from libs.common.runtime.host import ROLES, Host, listen
from libs.common.runtime.registry import NAMES, load, load_gateway
from libs.common.runtime.supervised import Supervisor
from libs.common.settings import CommonSettings
from libs.common.telemetry import configure_tracing


def serve(
    name: Annotated[str, typer.Argument(help=f"gateway, or one of {', '.join(NAMES)}")],
    port: Annotated[int, typer.Option(help="Port to listen on", envvar="PORT")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    roles: Annotated[
        str, typer.Option(help=f"What this process does, comma-separated: {', '.join(sorted(ROLES))}")
    ] = "http,relay,consume,jobs",
    exit_with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
    listener: Annotated[int | None, typer.Option(hidden=True)] = None,
    supervisor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run one service as a process of its own; `migrate` must have run before.

    Other services are found through PILLARS_UPSTREAMS, the database through DATABASE_URL, the bus through AMQP_URL.
    SIGTERM finishes what is in hand, at most 20 seconds, and ends.
    """
    if exit_with_parent:
        die_with_parent()
    if name != "gateway" and name not in NAMES:
        raise typer.BadParameter(f"there is no service {name!r}; there are gateway, {', '.join(NAMES)}")
    common = CommonSettings()
    common.refuse_development_secrets()
    arm(common)
    configure_logging(name, level=common.log_level, style=common.log_format)

    def bind() -> socket.socket:
        # A supervisor may hand down a listening socket by its file descriptor.
        return listen(port, host, exactly=True) if listener is None else socket.socket(fileno=listener)

    run_async(_serve(name, common, bind, frozenset(roles.split(",")), Supervisor(supervisor)))


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
        await host.serve(app, bind(), stop, on_ready=supervisor.ready, on_stop=supervisor.stopping)
    finally:
        await host.close()
        if tracing is not None:
            tracing.shutdown()
    supervisor.done()
