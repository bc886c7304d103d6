"""`pillars restart`: a rolling restart of the suite that runs here, with no request lost."""

import os
import signal
import time
from typing import Annotated

import typer
from rich.console import Console

from libs.common.runtime.home import Home, Restart
from libs.common.runtime.registry import NAMES

_PATIENCE_SECONDS = 300
console = Console(highlight=False)


def restart(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"gateway, {', '.join(NAMES)}; all unless some are named")
    ] = None,
) -> None:
    """Replace the processes of `up --separate` one after another: each new one serves before the old one stops."""
    known = (*NAMES, "gateway")
    if unknown := set(names or ()) - set(known):
        raise typer.BadParameter(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    home = Home()
    running = home.running()
    if running is None or not running.is_separate:
        console.print("[red]No suite of separate processes runs here (`pillars up --separate`).[/]")
        raise typer.Exit(1)
    asked = Restart(tuple(names or known))
    home.write_restart(asked)
    os.kill(running.pid, signal.SIGHUP)
    limit = time.monotonic() + _PATIENCE_SECONDS
    while (state := home.restart()) is None or not state.is_done:
        if time.monotonic() > limit or home.running() is None:
            console.print("[red]The restart did not end; see the log.[/]")
            raise typer.Exit(1)
        time.sleep(0.1)
    if state.failed:
        console.print(f"[red]did not come up: {', '.join(state.failed)}; the old processes go on[/]")
        raise typer.Exit(1)
    console.print(f"restarted {', '.join(asked.names)}")
