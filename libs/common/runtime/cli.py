"""The `pillars` command: one sub-command a file in `commands/`."""

import typer

from libs.common.runtime.commands import backup, bus, docs, migrate, serve, settings, up, verify

app = typer.Typer(
    name="pillars",
    help="Run, migrate, check and look after the Pillars services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("up")(up.up)
app.command("serve")(serve.serve)
app.command("migrate")(migrate.migrate)
app.command("seed")(migrate.seed)
app.command("verify")(verify.verify)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("settings")(settings.settings)
app.command("docs")(docs.docs)
app.add_typer(bus.app, name="bus")


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
