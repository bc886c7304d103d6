"""The runtime role of each service: it reads and writes the rows of its own schema, and owns nothing."""

import sqlalchemy as sa
from sqlalchemy import Connection, text

from libs.common.settings import CommonSettings


def make_role(connection: Connection, settings: CommonSettings, service: str) -> None:
    """Make the runtime role of one service; it owns nothing and passes no policy by."""
    role, password = settings.role(service), settings.role_password(service)
    exists = connection.scalar(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role})
    verb = "ALTER" if exists else "CREATE"
    connection.execute(
        text(
            f"{verb} ROLE \"{role}\" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{password}'"
        )
    )


def grant(
    connection: Connection, settings: CommonSettings, service: str, metadata: sa.MetaData | None = None
) -> None:
    """Let the runtime role read and write the rows of its own schema, and nothing else.

    A table whose `info` says `withheld` is an exception: what is named there is not granted.
    """
    role = settings.role(service)
    tables = metadata.tables.values() if metadata is not None else ()
    for statement in (
        f'REVOKE ALL ON SCHEMA "{service}" FROM PUBLIC',
        f'GRANT USAGE ON SCHEMA "{service}" TO "{role}"',
        f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{service}" TO "{role}"',
        f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{service}" TO "{role}"',
        *(
            f'REVOKE {table.info["withheld"]} ON "{service}"."{table.name}" FROM "{role}"'
            for table in tables
            if "withheld" in table.info
        ),
    ):
        connection.execute(text(statement))
