"""What the database says of itself: tables, keys and policies, read from pg_catalog and never listed by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import class_row, dict_row

_TABLES = """
    SELECT n.nspname AS schema, c.relname AS name, c.relkind::text AS kind,
           c.relrowsecurity AS is_enabled, c.relforcerowsecurity AS is_forced
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    ORDER BY 1, 2
"""
_COLUMNS = """
    SELECT n.nspname AS schema, c.relname AS table, a.attname AS name,
           format_type(a.atttypid, a.atttypmod) AS type,
           a.attidentity <> '' OR a.attgenerated <> '' AS is_made
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY 1, 2, a.attnum
"""
_POLICIES = """
    SELECT schemaname AS schema, tablename AS table, policyname AS name, permissive = 'PERMISSIVE' AS widens,
           roles::text AS roles, cmd AS command, qual AS using, with_check AS checks
    FROM pg_policies ORDER BY 1, 2, 3
"""
_KEYS = """
    SELECT n.nspname AS schema, c.relname AS table, i.relname AS name,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                 WHERE a.attrelid = c.oid AND a.attnum = ANY(x.indkey::int[])) AS columns
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE x.indisunique AND n.nspname !~ '^pg_'
"""
_REFERENCES = """
    SELECT n.nspname AS schema, c.relname AS table, k.conname AS name,
           fn.nspname AS to_schema, f.relname AS to_table,
           ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
                 JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n ORDER BY u.o) AS columns,
           ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
                 JOIN pg_attribute a ON a.attrelid = f.oid AND a.attnum = u.n ORDER BY u.o) AS to_columns
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = f.relnamespace
    WHERE k.contype = 'f'
"""


@dataclass(frozen=True)
class Column:
    """A column; `is_made` where the database gives its value."""

    schema: str
    table: str
    name: str
    type: str
    is_made: bool


@dataclass(frozen=True)
class Policy:
    """A row-level policy; one that `widens` adds rows to those that other policies show."""

    schema: str
    table: str
    name: str
    widens: bool
    roles: str
    command: str
    using: str | None
    checks: str | None


@dataclass(frozen=True)
class Key:
    """A unique index."""

    schema: str
    table: str
    name: str
    columns: list[str]


@dataclass(frozen=True)
class Reference:
    """A foreign key."""

    schema: str
    table: str
    name: str
    to_schema: str
    to_table: str
    columns: list[str]
    to_columns: list[str]


@dataclass
class Table:
    """A table, or whatever else can be selected from, with all that guards it."""

    schema: str
    name: str
    kind: str
    is_enabled: bool
    is_forced: bool
    columns: list[Column] = field(default_factory=list)
    policies: list[Policy] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def sql(self) -> str:
        """The quoted name."""
        return f'"{self.schema}"."{self.name}"'

    @property
    def has_tenant(self) -> bool:
        """Whether its rows belong to tenants."""
        return any(column.name == "tenant_id" for column in self.columns)


class Catalogue:
    """Everything of one database that can be selected from, by full name."""

    def __init__(self, connection: psycopg.Connection) -> None:
        with connection.cursor(row_factory=dict_row) as cursor:
            found = [Table(**row) for row in cursor.execute(_TABLES)]  # type: ignore[arg-type]
        self.tables = {str(table): table for table in found}
        for kind, query, into in (
            (Column, _COLUMNS, "columns"),
            (Policy, _POLICIES, "policies"),
            (Key, _KEYS, "keys"),
            (Reference, _REFERENCES, "references"),
        ):
            with connection.cursor(row_factory=class_row(kind)) as cursor:
                for item in cursor.execute(query):
                    table = self.tables.get(f"{item.schema}.{item.table}")
                    if table is not None:
                        getattr(table, into).append(item)

    def of(self, schema: str) -> list[Table]:
        """The tables of a schema, each after those it refers to."""
        waiting = {name: table for name, table in self.tables.items() if table.schema == schema}
        found: list[Table] = []
        while waiting:
            free = [
                table
                for table in waiting.values()
                if not any(
                    f"{r.to_schema}.{r.to_table}" in waiting and r.to_table != r.table
                    for r in table.references
                )
            ]
            for table in free or list(waiting.values()):
                found.append(waiting.pop(str(table)))
        return found

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())
