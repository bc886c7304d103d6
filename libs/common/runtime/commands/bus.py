"""`pillars bus`: look at the bus and its dead letters from the command line."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from libs.common.messaging import bus_admin
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.home import Home
from libs.common.runtime.registry import NAMES, load_all
from libs.common.settings import CommonSettings

app = typer.Typer(help="Outbox lag and dead letters of the services.", no_args_is_help=True)
console = Console(highlight=False)

ServiceName = Annotated[str, typer.Argument(help=f"one of {', '.join(NAMES)}")]
LetterId = Annotated[UUID, typer.Argument(help="the id that `dead-letters` shows")]


def _settings() -> CommonSettings:
    home = Home()
    home.load_secrets()
    running = home.running()
    given = CommonSettings()
    if "database_url" not in given.model_fields_set:
        if running is None:
            raise typer.BadParameter("nothing runs here; start the suite or set DATABASE_URL")
        return CommonSettings(database_url=running.database_url)
    return given


@app.command("lag")
def lag() -> None:
    """Events committed but not yet published, and jobs waiting, per service."""

    async def read() -> list[tuple[str, Any]]:
        found = []
        for service in load_all():
            context = ServiceContext(service, settings)
            try:
                found.append((service.name, await bus_admin.outbox_lag(context)))
            finally:
                await context.close()
        return found

    settings = _settings()
    table = Table("Service", "Pending", "Oldest, seconds")
    for name, state in asyncio.run(read()):
        table.add_row(name, str(state.pending), f"{state.oldest_seconds:.1f}")
    console.print(table)
