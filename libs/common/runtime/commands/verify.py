"""`pillars verify`: every invariant with its figure; exit code 1 on any breach."""

import asyncio
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from libs.common.runtime.commands.local import local_servers
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.home import Home
from libs.common.runtime.registry import load_all, load_crosschecks
from libs.common.runtime.verify import Finding
from libs.common.settings import CommonSettings

console = Console(highlight=False)

Row = tuple[str, str, Finding]


def verify(
    wait: Annotated[float, typer.Option(help="Seconds to wait for events still on their way")] = 30,
) -> None:
    """Check the data of a running or stopped suite: stock, orders, payments, ledger, events, figures.

    Uses DATABASE_URL if set, else the suite running from this checkout, else its stopped database.
    """
    home = Home()
    home.load_secrets()
    running = home.running()
    given = CommonSettings()
    if "database_url" in given.model_fields_set or running is None:
        with local_servers(home, Console(quiet=True)) as servers:
            url = servers.database_url
            rows = asyncio.run(
                _settled(_common(url), wait if "database_url" in given.model_fields_set else 0)
            )
    else:
        rows = asyncio.run(_settled(_common(running.database_url), wait))
    breaches = sum(finding.breaches for _, _, finding in rows)
    console.print(_table(rows))
    verdict = "[bold green]all hold[/]" if not breaches else f"[bold red]{breaches} breaches[/]"
    console.print(f"{len(rows)} invariants: {verdict}")
    raise typer.Exit(1 if breaches else 0)


def _common(url: str) -> CommonSettings:
    return CommonSettings(database_url=url)


async def _settled(common: CommonSettings, wait: float) -> list[Row]:
    # Events on their way make figures differ for a moment, so a breach counts only if it stays.
    until = time.monotonic() + wait
    while True:
        rows = await check(common)
        if time.monotonic() >= until or not any(finding.breaches for _, _, finding in rows):
            return rows
        await asyncio.sleep(0.5)


async def check(common: CommonSettings) -> list[Row]:
    """Run every check once: each service's own, then those that compare services."""
    rows: list[Row] = []
    services = load_all()
    for service in services:
        context = ServiceContext(service, common)
        try:
            for invariant in service.invariants:
                async with context.unit_of_work(platform=True) as uow:
                    rows.append((service.name, invariant.name, await invariant.check(uow)))
        finally:
            await context.close()
    rows += [("suite", name, finding) for name, finding in await load_crosschecks()(common, services)]
    return rows


def _table(rows: list[Row]) -> Table:
    table = Table()
    table.add_column("")
    table.add_column("Where")
    table.add_column("Invariant")
    table.add_column("Figure", overflow="fold")
    for where, name, finding in rows:
        mark = "[red]✗[/]" if finding.breaches else "[green]✓[/]"
        figure = finding.figure
        if finding.breaches:
            figure += f"  [red]{finding.breaches} breaches[/] " + "; ".join(finding.examples[:3])
        table.add_row(mark, where, name, figure)
    return table
