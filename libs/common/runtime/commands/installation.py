"""Which installation a command is about, and how its tables are shown."""

import typer
from rich.console import Console
from rich.table import Table

from libs.common.runtime.home import Home
from libs.common.settings import CommonSettings

# Wide enough for whole ids: what is shown is to be copied. A narrower terminal breaks lines by itself.
_WIDTH = 200


def installation() -> CommonSettings:
    """The settings of DATABASE_URL if it is set, else of the suite that runs from this checkout.

    Where that suite stands on the database that is named, its broker goes with it.

    Raises:
        BadParameter: there is neither.
    """
    home = Home()
    home.load_secrets()
    given, running = CommonSettings(), home.running()
    if "database_url" not in given.model_fields_set:
        if running is None:
            raise typer.BadParameter("nothing runs in this checkout; start the suite or set DATABASE_URL")
        return CommonSettings(database_url=running.database_url, amqp_url=running.amqp_url)
    is_this = running is not None and running.database_url == given.database_url
    if running is not None and is_this and given.amqp_url is None:
        return CommonSettings(database_url=running.database_url, amqp_url=running.amqp_url)
    return given


def show_table(table: Table) -> None:
    """Print a table with nothing cut off, in a pipe and in a narrow terminal too."""
    console = Console(highlight=False)
    console.width = max(console.width, _WIDTH)
    console.print(table)
