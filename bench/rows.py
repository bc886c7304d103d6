"""Makes many rows of a table out of one that the suite made itself, so that they have every column it has."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

# A UUIDv7 of the n-th row: later rows have greater ids.
_HEX = "lpad(to_hex(1700000000000 + n), 12, '0')"
UUID7 = (
    f"(substr({_HEX}, 1, 8) || '-' || substr({_HEX}, 9, 4) || '-7' || substr(md5('a' || n), 1, 3) || '-8' || "
    "substr(md5('b' || n), 1, 3) || '-' || substr(md5('c' || n), 1, 12))::uuid"
)


def multiply(
    connection: psycopg.Connection[Any],
    schema: str,
    table: str,
    pattern: str,
    count: int,
    changes: Mapping[str, str],
) -> None:
    """Copy the row with the id `pattern` so many times; `changes` are SQL expressions over `n` by column."""
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position",
        [schema, table],
    ).fetchall()
    columns = [str(name) for (name,) in found]
    values = [
        sql.SQL(changes[name]) if name in changes else sql.SQL("pattern.{}").format(sql.Identifier(name))
        for name in columns
    ]
    statement = sql.SQL(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} pattern, generate_series(1, {count}) n "
        "WHERE pattern.id = {pattern}"
    ).format(
        table=sql.Identifier(schema, table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
        count=sql.Literal(count),
        pattern=sql.Literal(pattern),
    )
    connection.execute("SET statement_timeout = 0")
    # The copies refer to what the row refers to, which need not be looked up for each.
    connection.execute("SET session_replication_role = replica")
    connection.execute(statement)
    connection.execute("RESET session_replication_role")


def tidy(connection: psycopg.Connection[Any], schema: str, table: str) -> None:
    """Let the planner know of the rows, and the indexes take in what waits."""
    connection.execute(sql.SQL("VACUUM ANALYZE {}").format(sql.Identifier(schema, table)))
