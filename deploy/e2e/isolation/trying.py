"""Statements that are tried and undone, in the scope of a tenant, of none, or of the platform."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg

from deploy.e2e.isolation.catalogue import Table
from deploy.e2e.isolation.rows import Row, insert


@contextmanager
def acting(
    connection: psycopg.Connection, tenant_id: UUID | None = None, scope: str = ""
) -> Iterator[psycopg.Connection]:
    """A transaction in the scope of a tenant (of none, or of the platform) that is rolled back."""
    with connection.transaction(force_rollback=True):
        connection.execute(
            "SELECT set_config('app.tenant_id', %s, true), set_config('app.scope', %s, true)",
            (str(tenant_id or ""), scope),
        )
        yield connection


def refusal(
    connection: psycopg.Connection, statement: str, row: Iterable[object] = ()
) -> psycopg.Error | None:
    """The error that a statement ends in, or None; what it did is undone."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement, list(row))
    except psycopg.Error as error:
        return error
    return None


def refused_insert(connection: psycopg.Connection, table: Table, row: Row) -> psycopg.Error | None:
    """The error that inserting a row ends in, or None."""
    try:
        with connection.transaction(force_rollback=True):
            insert(connection, table, row)
    except psycopg.Error as error:
        return error
    return None
