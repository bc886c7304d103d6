"""`pillars migrate` and `pillars seed`: bring an installation up to date."""

import asyncio

import typer
from rich.console import Console

from libs.common.errors import AppError
from libs.common.logging import configure_logging
from libs.common.runtime.commands.installation import installation
from libs.common.runtime.install import install
from libs.common.runtime.registry import load_all

console = Console()


def migrate() -> None:
    """Make or update roles, schemas, tables, first rows and queues of all services.

    Needs DATABASE_URL as a role that may create roles and schemas; without it, the suite that runs from this checkout is
    brought up to date. Run it before the services of a new release.
    """
    _run("up to date")


def seed() -> None:
    """Make the rows a new installation needs (demo accounts too, outside production). Part of `migrate`."""
    _run("seeded")


def _run(done: str) -> None:
    common = installation()
    common.refuse_development_secrets()
    configure_logging("migrate", level=common.log_level, style="text")
    try:
        asyncio.run(install(load_all(), common, report=lambda step: console.print(f"  ✓ {step}")))
    except AppError as refused:
        console.print(f"[red]refused:[/] {refused}", highlight=False)
        raise typer.Exit(1) from None
    console.print(f"[bold green]{done}[/]")
