"""Many rows in every table of a service, made in the database: what lists and plans are tried on.

Values are spread as they are in life: of most columns one value is rare and the others frequent, some are null, times
lie before now. Foreign keys meet, except to rows of other services. `choices` and `values` say what a column may hold
where its type does not tell.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, Table, UniqueConstraint, types
from sqlalchemy.dialects.postgresql import JSONB

# So many users, owners or parents share the rows; the last of them has few.
POOL = 40
_WORDS = "(ARRAY['Thandi','Sipho','Aigul','Иван','Mokoena','Karoo','Roasters','Blend','Dlamini','Ольга'])"
_IN = re.compile(r"(\w+) IN \(([^)]*)\)")


def row_id(n: str, tenant: int = 0) -> str:
    """The SQL of the id of the n-th row; later rows have greater ids."""
    return f"('01900000-0000-7000-8000-' || lpad(to_hex({n} + {tenant * 100_000_000}), 12, '0'))::uuid"


@dataclass(frozen=True)
class Rows:
    """How to fill tables: `count` rows for one tenant, the `tenant_number`-th that is filled.

    Attributes:
        choices: by "table.column", the texts that it may hold; the last of them is rare.
        values: by "schema.table.column" or "table.column", SQL over `i` (the number of the row) and the columns before it are not known.
        children: tables whose rows are spread over all rows of their parents, instead of a few.
    """

    count: int
    tenant_id: UUID
    tenant_number: int = 0
    choices: Mapping[str, Iterable[str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    children: frozenset[str] = frozenset()

    def fill(self, connection: psycopg.Connection[Any], metadata: MetaData, skipped: frozenset[str]) -> None:
        """Insert the rows into every table of a service that holds rows of tenants; as a superuser."""
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            for table in metadata.sorted_tables:
                if table.name in skipped or not (_of_tenants(table) or f"{table.name}.*" in self.values):
                    continue
                columns = [c for c in table.columns if c.identity is None and c.computed is None]
                names = ", ".join(f'"{c.name}"' for c in columns)
                values = ", ".join(self._value(table, c) for c in columns)
                connection.execute(
                    f"INSERT INTO {table.fullname} ({names}) SELECT {values} "
                    f"FROM generate_series(0, {self.count - 1}) i ON CONFLICT DO NOTHING"
                )

    def _value(self, table: Table, column: Column[Any]) -> str:
        names = (f"{table.fullname}.{column.name}", f"{table.name}.{column.name}", f"*.{column.name}")
        found = next((self.values[name] for name in names if self.values.get(name)), None)
        if found is not None:
            return found
        if column.name == "tenant_id":
            return f"'{self.tenant_id}'::uuid"
        if column.name == "id":
            return row_id("i", self.tenant_number)
        value = self._of_type(table, column)
        if column.name == "deleted_at":
            return f"CASE WHEN i % 97 = 5 THEN {value} END"
        if column.nullable and not _unique_last(table, column):
            return f"CASE WHEN i % 10 <> 3 THEN {value} END"
        return value

    def _of_type(self, table: Table, column: Column[Any]) -> str:
        rare = f"CASE WHEN i % 300 = 7 THEN {POOL - 1} ELSE i % {POOL - 1} END"
        kind = column.type
        if isinstance(kind, types.Uuid):
            if _unique_last(table, column):
                return row_id("i", self.tenant_number)
            if _refers(table, column) and table.name in self.children:
                return row_id("i", self.tenant_number)
            return row_id(rare, self.tenant_number)
        if isinstance(kind, types.DateTime):
            return f"now() - ({self.count} - i) * interval '7 minutes'"
        if isinstance(kind, types.Date):
            return f"current_date - ({self.count} - i) / 9"
        if isinstance(kind, types.Boolean):
            return "i % 300 = 7"
        if isinstance(kind, types.Float):
            return "(i % 1000) / 10.0"
        if isinstance(kind, types.Integer):
            return "(i % 1000)" if column.name != "position" else "i"
        if isinstance(kind, JSONB):
            return "'[]'::jsonb" if "list" in str(column.default) else "'{}'::jsonb"
        if isinstance(kind, types.LargeBinary):
            return "'\\x00'::bytea"
        if isinstance(kind, types.Time):
            return "NULL::time"
        return self._text(table, column)

    def _text(self, table: Table, column: Column[Any]) -> str:
        choices = self.choices.get(f"{table.name}.{column.name}") or _allowed(table, column.name)
        if choices:
            options = list(choices)
            listed = ", ".join(f"'{option}'" for option in options)
            usual = max(1, len(options) - 1)
            return f"(ARRAY[{listed}])[CASE WHEN i % 300 = 7 THEN {len(options)} ELSE 1 + i % {usual} END]"
        if "currency" in column.name:
            return "CASE WHEN i % 300 = 7 THEN 'KZT' ELSE 'ZAR' END"
        if "country" in column.name:
            return "CASE WHEN i % 300 = 7 THEN 'KZ' ELSE 'ZA' END"
        words = (
            f"{_WORDS}[1 + i % 10] || ' ' || {_WORDS}[1 + (i / 10) % 10] || ' ' || substr(md5(i::text), 1, 8)"
        )
        if "email" in column.name:
            return "substr(md5(i::text), 1, 6) || i || '@mail.example'"
        return f"{words} || ' ' || i" if _unique_last(table, column) else words


def _of_tenants(table: Table) -> bool:
    return "tenant_id" in table.columns


def _refers(table: Table, column: Column[Any]) -> bool:
    return any(
        isinstance(constraint, ForeignKeyConstraint) and column in constraint.columns.values()
        for constraint in table.constraints
    )


def _unique_last(table: Table, column: Column[Any]) -> bool:
    """Whether the column is the one of a unique set that must differ from row to row."""
    sets = [list(table.primary_key.columns)]
    sets += [list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)]
    sets += [list(index.columns) for index in table.indexes if index.unique]
    return any(
        found and found[-1] is column and (len(found) == 1 or column.name != "tenant_id") for found in sets
    )


def _allowed(table: Table, name: str) -> list[str]:
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            for column, values in _IN.findall(str(constraint.sqltext)):
                if column == name:
                    return re.findall(r"'([^']*)'", values)
    return []
