"""`pillars bus`: look at the bus and its dead letters from the command line."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from libs.common.errors import AppError
from libs.common.messaging import bus_admin
from libs.common.messaging.broker import QueueState
from libs.common.messaging.republish import Republished
from libs.common.messaging.republish import republish as publish_again
from libs.common.runtime.brokers import make_broker
from libs.common.runtime.commands.installation import installation, show_table
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import NAMES, load, load_all

app = typer.Typer(help="Outboxes, queues, dead letters and jobs of the services.", no_args_is_help=True)
console = Console(highlight=False)
T = TypeVar("T")

ServiceName = Annotated[str, typer.Argument(help=f"one of {', '.join(NAMES)}")]
LetterId = Annotated[UUID, typer.Argument(help="the id that `dead-letters` shows")]
BY = "command line"


def _with(name: str, work: Callable[[ServiceContext], Awaitable[T]]) -> T:
    if name not in NAMES:
        raise typer.BadParameter(f"there is no service {name!r}; there are {', '.join(NAMES)}")

    async def run() -> T:
        context = ServiceContext(load(name), installation())
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
    show_table(table)


@app.command("queues")
def queues(
    everything: Annotated[bool, typer.Option("--all", help="empty queues too")] = False,
) -> None:
    """How many messages wait in each queue, in the broker that the services use.

    RabbitMQ does not tell how many a process has in hand, at most 50 of a queue; they count again once it has ended.
    """
    common = installation()

    async def read() -> list[QueueState]:
        broker = make_broker(common)
        await broker.start()
        try:
            await broker.declare([s for service in load_all() for s in service.subscriptions])
            return await broker.queues()
        finally:
            await broker.stop()

    try:
        states = asyncio.run(read())
    except (ConnectionError, OSError) as error:
        console.print(f"[red]the broker does not answer:[/] {error}")
        raise typer.Exit(1) from None
    table = Table("Queue", "Ready", "In hand", "Waiting for another try")
    for state in states:
        if everything or state.ready or state.in_flight or state.delayed:
            in_hand = "not known" if common.amqp_url else str(state.in_flight)
            table.add_row(state.name, str(state.ready), in_hand, str(state.delayed))
    where = "RabbitMQ" if common.amqp_url else "the database (AMQP_URL is not set)"
    if table.row_count:
        show_table(table)
    else:
        console.print(f"{len(states)} queues in {where}, all empty", soft_wrap=True)


@app.command("republish")
def republish(
    since: Annotated[
        str, typer.Option(help="how far back: 90m, 2h, 7d, or a time such as 2026-11-21T08:00:00Z")
    ],
    everything: Annotated[
        bool, typer.Option("--all", help="also what every handler has had; it has no effect again")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="only count")] = False,
) -> None:
    """Publish again what the broker lost: events published since then that some handler has not had.

    Repeats have no effect, and events keep their order, so it may run at any time and as often as wanted.
    """
    start = _since(since, datetime.now(UTC))

    async def run() -> list[Republished]:
        common = installation()
        contexts = [ServiceContext(service, common) for service in load_all()]
        try:
            return await publish_again(contexts, start, everything=everything, dry_run=dry_run)
        finally:
            for context in contexts:
                await context.close()

    table = Table("Service", "Published since", "Would be published again" if dry_run else "Published again")
    for found in asyncio.run(run()):
        table.add_row(found.service, str(found.looked_at), str(found.marked))
    show_table(table)


def _since(text: str, now: datetime) -> datetime:
    if match := re.fullmatch(r"(\d+)([smhd])", text):
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]
        return now - timedelta(**{unit: int(match[1])})
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither 90m, 2h, 7d nor a time") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


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
    if table.row_count:
        show_table(table)
    else:
        console.print("no dead letters")


@app.command("retry")
def retry(service: ServiceName, letter: LetterId) -> None:
    """Run the handler on a dead letter once more."""

    async def run(context: ServiceContext) -> Any:
        return await bus_admin.retry_dead_letter(context, letter, by=BY)

    row = _with(service, run)
    console.print("[green]resolved[/]" if row.resolved_at else f"[red]failed again:[/] {row.reason}")
    raise typer.Exit(0 if row.resolved_at else 1)


@app.command("show")
def show(service: ServiceName, letter: LetterId) -> None:
    """A dead letter with its message and whole reason."""

    async def read(context: ServiceContext) -> Any:
        async with context.unit_of_work(platform=True) as uow:
            return await bus_admin.get_dead_letter(uow, letter)

    row = _with(service, read)
    detail = bus_admin.DeadLetterDetail.model_validate(row).model_dump(mode="json")
    console.print_json(json.dumps(detail))


@app.command("retry-all")
def retry_all(
    service: ServiceName,
    handler: Annotated[str, typer.Option(help="only those of this handler")] = "",
) -> None:
    """Run the handlers on all dead letters of a service once more, oldest first."""

    async def run(context: ServiceContext) -> tuple[int, int]:
        resolved = failed = 0
        query = bus_admin.DeadLetterQuery(limit=200, order="created_at")
        while True:
            async with context.unit_of_work(platform=True) as uow:
                page = await bus_admin.list_dead_letters(uow, query)
            for row in page["items"]:
                if handler and row.handler != handler:
                    continue
                try:
                    done = (await bus_admin.retry_dead_letter(context, row.id, by=BY)).resolved_at is not None
                except bus_admin.NotRetriable:
                    done = False
                resolved, failed = resolved + done, failed + (not done)
            if page["next_cursor"] is None:
                return resolved, failed
            query = query.model_copy(update={"cursor": page["next_cursor"]})

    resolved, failed = _with(service, run)
    console.print(f"[green]{resolved} resolved[/], {failed} failed again")
    raise typer.Exit(1 if failed else 0)


@app.command("jobs")
def jobs(
    state: Annotated[str, typer.Option(help="dead, waiting or running")] = "dead",
) -> None:
    """Jobs that were given up, or those that wait or run."""

    async def read(context: ServiceContext) -> dict[str, Any]:
        query = bus_admin.JobQuery.model_validate({"state": state, "limit": 200})
        async with context.unit_of_work(platform=True) as uow:
            return await bus_admin.list_jobs(uow, query)

    table = Table("Service", "Id", "Job", "State", "Runs at", "Tries", "Last error")
    for name in NAMES:
        for row in _with(name, read)["items"]:
            due = f"{row.run_at:%Y-%m-%d %H:%M:%S}"
            table.add_row(
                name, str(row.id), row.name, row.state, due, str(row.attempts), row.last_error or ""
            )
    if table.row_count:
        show_table(table)
    else:
        console.print(f"no {state} jobs")


@app.command("retry-job")
def retry_job(
    service: ServiceName, job: Annotated[UUID, typer.Argument(help="the id that `jobs` shows")]
) -> None:
    """Let a job that was given up run again, with all its tries."""

    async def run(context: ServiceContext) -> None:
        async with context.unit_of_work(platform=True) as uow:
            await bus_admin.retry_job(uow, job)

    _with(service, run)
    console.print("[green]will run again[/]")


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
