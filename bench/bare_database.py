"""A database beside the suite's with the same tables, where the bare script of a checkout commits its orders."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from bench.bare import Script, renamed, uuids
from bench.capture import Transaction
from bench.suite import Suite
from libs.common.db.create import create_database
from libs.common.db.migrate import migrate
from libs.common.runtime.registry import load_all
from libs.common.settings import CommonSettings

_SERVICES = ("orders", "catalog")
_NOT_OURS = {
    "outbox",
    "inbox",
    "jobs",
    "job_schedules",
    "dead_letters",
    "idempotency_keys",
    "alembic_version",
}
_OF_A_CART = ("carts", "cart_items")
Connection = psycopg.Connection[Any]


class BareDatabase:
    """`take` copies the shops before their checkout is captured; `script` makes the script of a captured one."""

    def __init__(self, suite: Suite) -> None:
        server = suite.servers.database_url.rpartition("/")[0]
        self.url = create_database(f"{server}/postgres", "bare")
        settings = CommonSettings(database_url=self.url)
        migrate(load_all(_SERVICES), settings)
        self._suite = suite
        self._known: set[str] = set()
        self._carts: dict[str, dict[str, str]] = {}

    def take(self, tenants: Sequence[str], carts: Sequence[str]) -> None:
        """Copy these shops as they are now, and keep their filled carts as patterns."""
        with self._suite.connect() as source, psycopg.connect(self.url) as target:
            target.execute("SET session_replication_role = replica")
            for schema, table in _tables(source):
                if table in _NOT_OURS:
                    continue
                rows = _copy_out(source, schema, table, "tenant_id = ANY(%s::uuid[])", [list(tenants)])
                if table in _OF_A_CART:
                    column = "id" if table == "carts" else "cart_id"
                    for cart in carts:
                        pattern = _copy_out(source, schema, table, f"{column} = %s::uuid", [cart])
                        self._carts.setdefault(cart, {})[table] = pattern
                    continue
                self._known |= uuids(rows)
                _copy_in(target, schema, table, rows)
            target.execute("ANALYZE")

    def script(self, cart: str, transactions: Iterable[Transaction], *, reads: bool) -> Script:
        """What was committed for a cart, with or without what was read, and which of its ids were made for it."""
        sent = [
            [(s.sql, s.parameters) for s in t.statements if s.is_change or (reads and s.is_read)]
            for t in transactions
        ]
        texts = [*self._carts[cart].values()]
        texts += [value for statements in sent for _, values in statements for value in values if value]
        own = set().union(*(uuids(text) for text in texts)) - self._known
        return Script(sent, sorted(own))

    def fill(self, carts: Sequence[tuple[str, Script]], count: int) -> None:
        """Put in the carts of so many orders, shop by shop in turn, as the script takes them."""
        with psycopg.connect(self.url) as target:
            target.execute("SET session_replication_role = replica")
            for table in _OF_A_CART:
                rows = []
                for number in range(count):
                    cart, script = carts[number % len(carts)]
                    rows.append(renamed(self._carts[cart][table], frozenset(script.own), number))
                _copy_in(target, "orders", table, "".join(rows))
            target.execute("ANALYZE")


def _tables(connection: Connection) -> list[tuple[str, str]]:
    found = connection.execute(
        """SELECT c.table_schema, c.table_name FROM information_schema.columns c
        JOIN information_schema.tables t USING (table_schema, table_name)
        WHERE c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' AND c.table_schema = ANY(%s)""",
        [list(_SERVICES)],
    )
    return [(str(schema), str(table)) for schema, table in found]


def _copy_out(connection: Connection, schema: str, table: str, where: str, values: list[Any]) -> str:
    query = sql.SQL("COPY (SELECT * FROM {} WHERE " + where + ") TO STDOUT").format(
        sql.Identifier(schema, table)
    )
    with psycopg.ClientCursor(connection) as cursor, cursor.copy(query, values) as copy:
        return b"".join(bytes(part) for part in copy).decode()


def _copy_in(connection: Connection, schema: str, table: str, rows: str) -> None:
    query = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(schema, table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        copy.write(rows)
