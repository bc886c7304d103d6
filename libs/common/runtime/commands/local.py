"""The servers that a local command stands on: those named by the environment, else embedded ones."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from rich.console import Console

from libs.common.db.create import create_database
from libs.common.runtime.embedded.keeper import Keeper
from libs.common.runtime.embedded.postgres import EmbeddedPostgres
from libs.common.runtime.embedded.rabbitmq import PrivateRabbitMQ
from libs.common.runtime.home import Home
from libs.common.settings import CommonSettings


@dataclass(frozen=True)
class Servers:
    """Where the database and the broker are; `amqp_url` is None where events travel through the database."""

    database_url: str
    amqp_url: str | None


@contextmanager
def local_servers(home: Home, console: Console, *, rabbitmq: bool = False) -> Iterator[Servers]:
    """Start what the environment does not name, and start it again if it dies. `rabbitmq` asks for a real broker."""
    given = CommonSettings()
    with ExitStack() as stack:
        if "database_url" in given.model_fields_set:
            database_url = given.database_url
            console.print(f"  database   the server of DATABASE_URL ({_masked(database_url)})")
        else:
            server_url = stack.enter_context(Keeper("Postgres", EmbeddedPostgres(home.postgres)))
            database_url = create_database(server_url, "pillars")
            console.print(f"  database   embedded Postgres, data in {home.postgres}")
        amqp_url = given.amqp_url
        if amqp_url:
            console.print(f"  bus        the RabbitMQ of AMQP_URL ({_masked(amqp_url)})")
        elif rabbitmq:
            amqp_url = stack.enter_context(Keeper("RabbitMQ", PrivateRabbitMQ(home.rabbitmq)))
            console.print(f"  bus        private RabbitMQ node, data in {home.rabbitmq}")
        else:
            console.print("  bus        tables in Postgres (set AMQP_URL for RabbitMQ)")
        yield Servers(database_url, amqp_url)


def _masked(url: str) -> str:
    return url.partition("://")[0] + "://…@" + url.rpartition("@")[2]
