"""Makes many rows of a table out of one that the suite made itself, so that they have every column it has."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
Say = Callable[[str], None]
# So many rows are one statement, after which it is said how far it is.
BATCH = 250_000

# A UUIDv7 of the n-th row: later rows have greater ids.
_HEX = "lpad(to_hex(1700000000000 + n), 12, '0')"
UUID7 = (
    f"(substr({_HEX}, 1, 8) || '-' || substr({_HEX}, 9, 4) || '-7' || substr(md5('a' || n), 1, 3) || '-8' || "
    "substr(md5('b' || n), 1, 3) || '-' || substr(md5('c' || n), 1, 12))::uuid"
)
_SETTINGS = {"max_wal_size": "8GB", "checkpoint_timeout": "30min"}


def multiply(
    connection: Connection, table: str, tenant_id: str, count: int, changes: Mapping[str, str], say: Say
) -> None:
    """Copy a row that a tenant has in a table (schema and name) so many times.

    `changes` are SQL expressions by column, over `n` and the copied row as `pattern`.

    Raises:
        LookupError: there is no such row.
    """
    schema, _, name = table.partition(".")
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position",
        [schema, name],
    ).fetchall()
    columns = [str(column) for (column,) in found]
    place = sql.Identifier(schema, name)
    pattern = connection.execute(
        sql.SQL("SELECT id FROM {} WHERE tenant_id = %s ORDER BY id LIMIT 1").format(place), [tenant_id]
    ).fetchone()
    if pattern is None or not changes.keys() <= set(columns):
        raise LookupError(f"no row to copy in {table}, or no such column: {changes.keys() - set(columns)}")
    values = [
        sql.SQL(changes[column])
        if column in changes
        else sql.SQL("pattern.{}").format(sql.Identifier(column))
        for column in columns
    ]
    statement = sql.SQL(
        "INSERT INTO {place} ({columns}) SELECT {values} FROM {place} pattern, generate_series({begin}, {end}) n "
        "WHERE pattern.tenant_id = {tenant} AND pattern.id = {pattern}"
    )
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET synchronous_commit = off")
    # The copies refer to what the row refers to, which need not be looked up for each; triggers rest likewise.
    connection.execute("SET session_replication_role = replica")
    for begin in range(1, count + 1, BATCH):
        end = min(begin + BATCH - 1, count)
        connection.execute(
            statement.format(
                place=place,
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                values=sql.SQL(", ").join(values),
                begin=sql.Literal(begin),
                end=sql.Literal(end),
                tenant=sql.Literal(tenant_id),
                pattern=sql.Literal(pattern[0]),
            )
        )
        if count > BATCH:
            say(f"{table}: {end:,} of {count:,} rows")
    connection.execute("RESET session_replication_role")


@contextmanager
def room_for_many_rows(connection: Connection) -> Iterator[None]:
    """Let the server write much before it has to put it in its place; all is in its place at the end."""
    for name, value in _SETTINGS.items():
        connection.execute(sql.SQL("ALTER SYSTEM SET {} = {}").format(sql.Identifier(name), value))
    connection.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        for name in _SETTINGS:
            connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("CHECKPOINT")


def drop_indexes(connection: Connection, table: str) -> list[str]:
    """Take the indexes off a table that guard nothing; the statements that make them again."""
    found = connection.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = %s::regclass AND NOT indisunique",
        [table],
    ).fetchall()
    # Figures about the pieces of a text are not gathered: see the migration that makes the index.
    silent = {
        name
        for (name,) in connection.execute(
            "SELECT DISTINCT attrelid::regclass::text FROM pg_attribute WHERE attstattarget = 0 AND attnum > 0"
        )
    }
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    return [
        definition + (f"; ALTER INDEX {name} ALTER COLUMN 1 SET STATISTICS 0" if name in silent else "")
        for name, definition in found
    ]


def make_indexes(connection: Connection, table: str, definitions: list[str], say: Say) -> None:
    """Make indexes at once, which takes a fraction of what it takes row by row, and let the planner know of the rows."""
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET maintenance_work_mem = '512MB'")
    connection.execute("SET max_parallel_maintenance_workers = 0")
    for definition in definitions:
        connection.execute(definition)
    connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(*table.split("."))))
    say(f"{table}: the rows are there")
