"""The `pillars` command: one sub-command a file in `commands/`, of which only the one asked for is imported."""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

import libs.common.runtime.lean  # noqa: F401 - before anything imports httpx

# As the help shows them: the name, and where the function or the group of sub-commands is.
_COMMANDS = {
    "up": "up",
    "restart": "restart",
    "migrate": "migrate",
    "seed": "migrate",
    "verify": "verify",
    "backup": "backup",
    "restore": "backup",
    "settings": "settings",
    "docs": "docs",
}
_GROUPS = {"bus": "bus", "keys": "keys"}

if TYPE_CHECKING:
    import typer


def command_line(*names: str) -> "typer.Typer":
    """The command line with these commands, or with all."""
    # Not at the top: a service that runs for months is begun without it.
    import typer

    app = typer.Typer(
        name="pillars",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )

    @app.callback()
    def _about() -> None:
        """Run, migrate, check and look after the Pillars services."""

    @app.command(name="serve", add_help_option=False)
    def _serve() -> None:  # for the list of commands; `main` begins it
        """Run one service, or the gateway, as a process of its own."""

    for name in names or (*_COMMANDS, *_GROUPS):
        module = import_module(f"libs.common.runtime.commands.{_COMMANDS.get(name) or _GROUPS[name]}")
        if name in _GROUPS:
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def main() -> None:
    """The console script."""
    # Each command brings much along; a service is to start without what others need.
    asked = sys.argv[1:2]
    if asked == ["serve"]:
        from libs.common.runtime.commands.serve import serve

        serve(sys.argv[2:])
        return
    known = asked and (asked[0] in _COMMANDS or asked[0] in _GROUPS)
    command_line(*(asked if known else ()))()


if __name__ == "__main__":
    main()
