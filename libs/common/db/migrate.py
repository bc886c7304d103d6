"""Brings roles, schemas and tables of services up to date, beside the processes of the previous release."""

import time
from collections.abc import Callable, Iterable, Sequence

from alembic import command
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo
from psycopg.errors import LockNotAvailable
from psycopg.pq import PGconn, Ping
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from libs.common.db.environment import configuration
from libs.common.db.operations import LOCK_TIMEOUT
from libs.common.db.roles import grant, make_role
from libs.common.db.search import trust_search
from libs.common.messaging.postgres_schema import ensure_bus
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings

_SLOW_SEARCH = "(searches read all rows of a business: see docs/operations.md, search)"
LOCK = 7_152_306  # one migration at a time in one database
LOCK_TRIES = 20
_PAUSE_SECONDS = 1.0
# After a crash a server reads its log before it takes connections, for longer than this after much work only.
_STARTING_SECONDS = 120.0


def migrate(
    services: Sequence[Service],
    settings: CommonSettings,
    *,
    on_step: Callable[[str], None] = lambda _: None,
    tries: int = LOCK_TRIES,
) -> None:
    """Bring roles, schemas and tables of these services up to date; safe to run at once from many places.

    Tables that a newer release has migrated stay as they are: what it added does not disturb this one. A server that is
    starting is waited for.

    Raises:
        OperationalError: others held a lock on a table at each of so many `tries`.
    """
    await_started(settings.database_url)
    engine = create_engine(settings.sqlalchemy_url, poolclass=NullPool)
    try:
        with engine.connect() as guard:
            guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            guard.commit()
            with engine.begin() as connection:
                make_role(connection, settings, "bus")
                ensure_bus(connection, settings.role("bus"))
            for service in services:
                with engine.begin() as connection:
                    make_role(connection, settings, service.name)
                    connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service.name}"'))
                newer = _upgrade(service, engine, tries)
                with engine.begin() as connection:
                    grant(connection, settings, service.name, service.metadata)
                    trusted = trust_search(connection, service.name)
                step = f"{service.name} (stays at {newer} of a newer release)" if newer else service.name
                on_step(step if trusted else f"{step} {_SLOW_SEARCH}")
    finally:
        engine.dispose()


def await_started(url: str, *, seconds: float = _STARTING_SECONDS, pause: float = _PAUSE_SECONDS / 4) -> None:
    """Wait while the server says that it is starting, as after a power cut; where nobody answers, nothing is waited for."""
    server = make_conninfo(url, connect_timeout=5).encode()
    deadline = time.monotonic() + seconds
    while PGconn.ping(server) == Ping.REJECT and time.monotonic() < deadline:
        time.sleep(pause)


def _upgrade(service: Service, engine: Engine, tries: int) -> str | None:
    """Run the migrations that are due; return the revision of the database where it is a newer release's."""
    for attempt in range(1, tries + 1):
        with engine.connect() as connection:
            connection.execute(text(LOCK_TIMEOUT))
            connection.commit()
            if newer := _newer_revision(service, connection):
                return newer
            try:
                command.upgrade(configuration(service, connection), "head")
                connection.commit()
                return None
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable) or attempt == tries:
                    raise
        time.sleep(_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _newer_revision(service: Service, connection: Connection) -> str | None:
    scripts = ScriptDirectory.from_config(configuration(service, connection))
    migration = MigrationContext.configure(
        connection, opts={"version_table_schema": service.metadata.schema or "public"}
    )
    current, head = migration.get_current_revision(), scripts.get_current_head()
    connection.rollback()
    if current is None or current in _revisions(scripts):
        return None
    # Revisions are numbers that grow.
    if head is not None and current.isdigit() and current > head:
        return current
    raise CommandError(f"{service.name} is at the unknown migration {current!r}")


def _revisions(scripts: ScriptDirectory) -> Iterable[str]:
    return {script.revision for script in scripts.walk_revisions()}
