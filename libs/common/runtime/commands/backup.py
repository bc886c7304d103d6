"""`pillars backup` and `pillars restore`: the whole database into a file, and back."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from libs.common.runtime.backup import BackupFailed, Manifest, back_up, manifest_path
from libs.common.runtime.backup import restore as read_back
from libs.common.runtime.commands.local import local_servers
from libs.common.runtime.embedded.errors import EmbeddedServerError
from libs.common.runtime.home import Home
from libs.common.runtime.postgres_tools import ToolFailed
from libs.common.runtime.registry import load_all
from libs.common.settings import CommonSettings

console = Console(highlight=False)


def backup(
    file: Annotated[Path, typer.Argument(help="The dump to write; FILE.json will say what is in it")],
    metrics: Annotated[
        Path | None,
        typer.Option(help="A file ending in .prom in the textfile folder of node_exporter, for the alert"),
    ] = None,
) -> None:
    """Write the whole database to a file, as of one moment, while the suite runs on or when it is stopped.

    Uses DATABASE_URL if set, else the suite running from this checkout, else its stopped database.
    """
    home = Home()
    home.load_secrets()
    running = home.running()

    def work(common: CommonSettings) -> Manifest:
        return back_up(load_all(), common, file)

    if running is not None and "database_url" not in CommonSettings().model_fields_set:
        manifest = _told(lambda: work(CommonSettings(database_url=running.database_url)))
    else:
        with _server(home) as common:
            manifest = _told(lambda: work(common))
    if metrics is not None:
        _expose(metrics, manifest)
    console.print(
        f"  file       {file} ({manifest.bytes / 1e6:.1f} MB, as of {manifest.made_at})", soft_wrap=True
    )
    console.print(f"  manifest   {manifest_path(file)}", soft_wrap=True)
    console.print(
        f"  holds      {sum(manifest.rows.values())} rows in {len(manifest.rows)} tables, "
        f"{manifest.pending} events yet to be published"
    )
    console.print(
        f"  [bold]keep apart[/] PILLARS_ENCRYPTION_KEYS ({', '.join(manifest.keys)}): not in the file, and without "
        f"them stored credentials are lost; a local suite has them in {home.folder / 'secrets.json'}",
        soft_wrap=True,
    )
    console.print("[bold green]backed up[/]")


def restore(
    file: Annotated[Path, typer.Argument(help="The dump that `pillars backup` wrote")],
    replace: Annotated[bool, typer.Option(help="Drop what the database holds first")] = False,
    jobs: Annotated[
        int, typer.Option(help="Parallel workers; more than one is faster, but not all or nothing", min=1)
    ] = 1,
) -> None:
    """Read a backup into the database, with roles, grants and policies, and bring its tables up to date.

    Uses DATABASE_URL if set, else the stopped database of this checkout. Stop all processes first. Afterwards run
    `pillars migrate` (queues), start the processes, `pillars bus republish`, `pillars verify`.
    """
    home = Home()
    home.load_secrets()
    if home.running() is not None and "database_url" not in CommonSettings().model_fields_set:
        console.print("[red]the suite runs; stop it first[/]")
        raise typer.Exit(1)
    with _server(home) as common:
        _told(
            lambda: read_back(
                load_all(),
                common,
                file,
                replace=replace,
                jobs=jobs,
                report=lambda step: console.print(f"  ✓ {step}"),
            )
        )
    console.print("[bold green]restored[/]")


def _expose(path: Path, manifest: Manifest) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    made_at = datetime.fromisoformat(manifest.made_at).timestamp()
    figures = (
        ("pillars_backup_timestamp_seconds", "When the last backup was made", made_at),
        ("pillars_backup_bytes", "Size of the last backup", manifest.bytes),
    )
    draft.write_text(
        "".join(
            f"# HELP {name} {text}\n# TYPE {name} gauge\n{name} {value:.0f}\n"
            for name, text, value in figures
        )
    )
    # The collector reads it at any moment, as another user.
    draft.chmod(0o644)
    draft.replace(path)


@contextmanager
def _server(home: Home) -> Iterator[CommonSettings]:
    try:
        with local_servers(home, Console(quiet=True)) as servers:
            yield CommonSettings(database_url=servers.database_url)
    except EmbeddedServerError as error:
        console.print(f"[red]{error}[/]")
        raise typer.Exit(1) from None


def _told(work: Callable[[], Manifest]) -> Manifest:
    try:
        return work()
    except (BackupFailed, ToolFailed) as error:
        console.print(f"[red]{error}[/]", soft_wrap=True)
        raise typer.Exit(1) from None
