"""`pillars bus`: look at the bus and its dead letters from the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from libs.common.errors import AppError
from libs.common.messaging import bus_admin
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.home import Home
from libs.common.runtime.registry import NAMES, load
from libs.common.settings import CommonSettings

app = typer.Typer(help="Outbox lag and dead letters of the services.", no_args_is_help=True)
console = Console(highlight=False)
T = TypeVar("T")

ServiceName = Annotated[str, typer.Argument(help=f"one of {', '.join(NAMES)}")]
LetterId = Annotated[UUID, typer.Argument(help="the id that `dead-letters` shows")]
BY = "command line"


def _settings() -> CommonSettings:
    home = Home()
    home.load_secrets()
    given = CommonSettings()
    if "database_url" in given.model_fields_set:
        return given
    running = home.running()
    if running is None:
        raise typer.BadParameter("nothing runs in this checkout; start the suite or set DATABASE_URL")
    return CommonSettings(database_url=running.database_url, amqp_url=running.amqp_url)


def _with(name: str, work: Callable[[ServiceContext], Awaitable[T]]) -> T:
    if name not in NAMES:
        raise typer.BadParameter(f"there is no service {name!r}; there are {', '.join(NAMES)}")

    async def run() -> T:
        context = ServiceContext(load(name), _settings())
        try:
            return await work(context)
        finally:
            await context.close()

    try:
        return asyncio.run(run())
    except AppError as error:
        console.print(f"[red]{error.title}:[/] {error.detail or ''}")
        raise typer.Exit(1) from None


@app.command("lag")
def lag() -> None:
    """Events committed but not yet published, per service."""

    async def read(context: ServiceContext) -> bus_admin.OutboxOut:
        async with context.unit_of_work(platform=True) as uow:
            return await bus_admin.outbox_lag(uow)

    table = Table("Service", "Pending", "Oldest, seconds")
    for name in NAMES:
        state = _with(name, read)
        table.add_row(name, str(state.pending), f"{state.oldest_seconds or 0:.1f}")
    console.print(table)


@app.command("dead-letters")
def dead_letters(
    limit: Annotated[int, typer.Option(help="at most this many per service", max=200)] = 50,
) -> None:
    """Messages that a handler could not take after all its tries, with the reason."""

    async def read(context: ServiceContext) -> dict[str, Any]:
        async with context.unit_of_work(platform=True) as uow:
            return await bus_admin.list_dead_letters(uow, bus_admin.DeadLetterQuery(limit=limit))

    table = Table("Service", "Id", "Handler", "Event", "Tries", "Since", "Reason")
    for name in NAMES:
        for row in _with(name, read)["items"]:
            since = f"{row.created_at:%Y-%m-%d %H:%M:%S}"
            table.add_row(
                name, str(row.id), row.handler, row.type or "?", str(row.attempts), since, row.reason
            )
    console.print(table if table.row_count else "no dead letters")


@app.command("retry")
def retry(service: ServiceName, letter: LetterId) -> None:
    """Run the handler on a dead letter once more."""

    async def run(context: ServiceContext) -> Any:
        return await bus_admin.retry_dead_letter(context, letter, by=BY)

    row = _with(service, run)
    console.print("[green]resolved[/]" if row.resolved_at else f"[red]failed again:[/] {row.reason}")
    raise typer.Exit(0 if row.resolved_at else 1)


@app.command("skip")
def skip(
    service: ServiceName,
    letter: LetterId,
    reason: Annotated[str, typer.Option(help="why it may be given up")],
) -> None:
    """Resolve a dead letter without handling it."""

    async def run(context: ServiceContext) -> None:
        async with context.unit_of_work(platform=True) as uow:
            await bus_admin.skip_dead_letter(uow, letter, reason, by=BY)

    _with(service, run)
    console.print("[green]skipped[/]")
