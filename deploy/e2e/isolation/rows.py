"""A row of each of two tenants in every table, each text of which says whose it is."""

import json
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid5

import psycopg

from deploy.e2e.isolation.catalogue import Catalogue, Column, Table

Row = dict[str, Any]
WHEN = datetime(2026, 5, 5, 10, tzinfo=UTC)


class Side:
    """One of the two tenants: its id, the word that marks its texts, and its row in each table."""

    def __init__(self, name: str, number: int) -> None:
        self.marker = f"of-{name}-alone"
        self.number = number
        self.tenant_id = UUID(int=0x0198C0DE_0000_7000_8000_00000000A000 + number)
        self.rows: dict[str, Row] = {}

    def id(self, name: str) -> UUID:
        """The id of something of this tenant, by any name."""
        return uuid5(self.tenant_id, name)

    def value(self, table: Table, column: Column) -> Any:
        """A value for a column, unlike that of the other tenant where its type has room for it."""
        if column.name == "tenant_id" or (str(table), column.name) == ("identity.tenants", "id"):
            return self.tenant_id
        for reference in table.references:
            if column.name in reference.columns:
                target = reference.to_columns[reference.columns.index(column.name)]
                if reference.to_table == table.name:
                    return self.id(f"{table}.{target}")
                return self.rows[f"{reference.to_schema}.{reference.to_table}"][target]
        match column.type:
            case "uuid":
                return self.id(f"{table}.{column.name}")
            case "text":
                return f"{self.marker} {table}.{column.name}"
            case "jsonb":
                return json.dumps({"text": f"{self.marker} {table}.{column.name}"})
            case "bytea":
                return self.marker.encode()
            case "timestamp with time zone":
                return WHEN
            case "date":
                return date(2026, 5, 5)
            case "time without time zone":
                return time(10)
            case "boolean":
                return False
            case "integer" | "bigint" | "double precision":
                return self.number
            case kind if kind.startswith("character varying"):
                return self.marker
        raise AssertionError(f"{table}.{column.name}: say here what a value of the type {column.type} is")

    def row(self, table: Table) -> Row:
        """This tenant's row of a table."""
        return {c.name: self.value(table, c) for c in table.columns if not c.is_made}


def insert(connection: psycopg.Connection, table: Table, row: Row) -> None:
    """Insert a row as whoever is connected."""
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join(["%s"] * len(row))
    connection.execute(f"INSERT INTO {table.sql} ({names}) VALUES ({marks})", list(row.values()))


def fill(connection: psycopg.Connection, catalogue: Catalogue, schemas: tuple[str, ...]) -> tuple[Side, Side]:
    """Put a row of each tenant into every table of these schemas, as the administrator.

    Checks of values are dropped, for who may see a row does not depend on what is in it.
    """
    sides = Side("one", 1), Side("two", 2)
    with connection.transaction():
        checks = connection.execute(
            "SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint WHERE contype = 'c'"
            " AND connamespace::regnamespace::text = ANY(%s)",
            (list(schemas),),
        ).fetchall()
        for table_name, constraint in checks:
            connection.execute(f"ALTER TABLE {table_name} DROP CONSTRAINT {constraint}")
        connection.execute("SET LOCAL session_replication_role = replica")
        for schema in schemas:
            for table in catalogue.of(schema):
                # What exists once on the platform has one row, of nobody.
                for side in sides[:1] if str(table) == "identity.signing_keys" else sides:
                    side.rows[str(table)] = side.row(table)
                    insert(connection, table, side.rows[str(table)])
    return sides
