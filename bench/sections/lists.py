"""Pages of lists in tenants of 1,000, 100,000 and 1,000,000 rows: over HTTP, and their SQL alone."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import psycopg

from bench.bench import Bench
from bench.capture import Statement, StatementLog, logged
from bench.lists import FEW, LISTS, List
from bench.load import Load, offer
from bench.report import Row, most
from bench.rows import drop_indexes, make_indexes, multiply, room_for_many_rows
from bench.shop import Builder, Shop
from bench.stats import Sample
from bench.suite import Suite
from bench.verifier import signed_actor
from libs.common.actor import ACTOR_HEADER
from libs.common.db.repository import PLAN_FOR_THESE_VALUES
from libs.common.pagination import CursorCodec

SECTION = "lists"
SIZES, QUICK_SIZES = (1000, 100_000, 1_000_000), (1000, 2000, 5000)


@dataclass(slots=True)
class Page:
    """A page to ask for: the request, and the statements sent for it, by the rows of the tenant."""

    name: str
    loads: Mapping[int, Load]
    sent: dict[int, list[Statement]] = field(default_factory=dict)

    @property
    def load(self) -> Load:
        """All the requests in turn."""
        first, *_ = self.loads.values()
        return replace(first, items=[item for load in self.loads.values() for item in load.items])


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite = bench.suite
    builder = Builder(suite.url)
    shops = {size: builder.open() for size in (QUICK_SIZES if bench.options.quick else SIZES)}
    suite.settle()
    for one in LISTS:
        for shop in shops.values():
            one.make(suite, builder, shop)
    suite.settle()
    # No timed job looks through tables without indexes.
    suite.stop()
    _fill(bench, suite, shops)
    suite.start()
    suite.settle()
    rows = []
    for one in LISTS:
        asked = [
            Page(name, {size: _load(suite, one, shop, size, parameters) for size, shop in shops.items()})
            for name, parameters in one.pages.items()
        ]
        with logged(suite) as log:
            for page in asked:
                for size, shop in shops.items():
                    page.sent[size] = _statements(log, one, page.loads[size], shop)
        bench.say(f"{one.path}: {len(asked)} pages")
        rows += [_page(bench, one, shops, page) for page in asked]
    return rows


def _fill(bench: Bench, suite: Suite, shops: Mapping[int, Shop]) -> None:
    """Make the rows, each table on its own; that takes most of the time of this section."""
    tables = {table: changes for one in LISTS for table, changes in one.tables.items()}

    def fill(table: str) -> None:
        with suite.connect() as connection:
            indexes = drop_indexes(connection, table)
            for size, shop in shops.items():
                multiply(connection, table, shop.tenant_id, size, tables[table], bench.say)
            make_indexes(connection, table, indexes, bench.say)

    with suite.connect() as connection, room_for_many_rows(connection), ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(fill, table) for table in tables]:
            done.result()


def _page(bench: Bench, one: List, shops: Mapping[int, Shop], page: Page) -> Row:
    """How long the page takes among the most rows, or the next most where that is slower, beside the fewest."""
    suite, count = bench.suite, bench.options.some(60, 10)
    http: dict[int, list[float]] = {size: [] for size in shops}
    alone: dict[int, list[float]] = {size: [] for size in shops}
    blocks = {
        size: _replayed(suite, one, shop, page.sent[size], explain=True) for size, shop in shops.items()
    }
    for _ in range(bench.options.runs):
        # All in turn, so that what else the machine does meets all alike.
        seen = offer(replace(page.load, count=count * len(shops)))
        for number, (size, shop) in enumerate(shops.items()):
            http[size].append(seen.p50_of[number])
            alone[size].append(_replayed(suite, one, shop, page.sent[size], count))
    smallest, *larger = shops
    worst = max(larger, key=lambda size: Sample.of(http[size]).median)
    of_all = ", ".join(f"{size:,}" for size in shops)
    times = " / ".join(f"{Sample.of(alone[size]).median:.2f}" for size in shops)
    touched = " / ".join(f"{blocks[size]:,.0f}" for size in shops)
    bench.say(f"{one.path}: {page.name}: {times} ms of SQL, {touched} blocks")
    return Row(
        SECTION,
        f"{one.path[1:]}, {page.name}, p50 at {worst:,} rows",
        "ms",
        Sample.of(http[worst]),
        Sample.of(http[smallest]),
        f"{smallest:,} rows. At {of_all}: SQL alone {times} ms; blocks touched {touched}",
        most(1.2, "ratio"),
    )


def _load(suite: Suite, one: List, shop: Shop, size: int, parameters: Mapping[str, str]) -> Load:
    given: dict[str, str | list[str]] = {}
    for name, value in parameters.items():
        given[name] = value.split(",") if "," in value else value
    if given.get("cursor") == "<deep>":
        given["cursor"] = _deep(suite, one, shop, size, parameters)
    if given.get("q") == "<few>":
        with suite.connect() as connection:
            found = connection.execute(f"SELECT {FEW} FROM (SELECT %s) x(n)", [size // 2]).fetchone()
        given["q"] = str((found or "")[0])
    secret = suite.common.secret_key.get_secret_value()
    actor = signed_actor(secret, shop.tenant_id, shop.tenant_id, shop.owner_email)
    path = f"{one.path}?{urlencode(given, doseq=True)}"
    url = f"http://127.0.0.1:{suite.ports[one.service]}"
    item = {"path": path, "headers": f"{ACTOR_HEADER}: {actor}\r\n"}
    return Load(url, "get", [item], connections=1, count=1)


def _deep(suite: Suite, one: List, shop: Shop, size: int, parameters: Mapping[str, str]) -> str:
    """The cursor of the row in the middle, as the list itself would give it."""
    query = one.query(order=parameters.get("order"))
    name, _ = query.order_column
    with suite.connect() as connection:
        row: Any = connection.execute(
            f"SELECT {name}, id FROM {one.table} WHERE tenant_id = %s AND {name} IS NOT NULL "
            f"ORDER BY {name}, id OFFSET %s LIMIT 1",
            [shop.tenant_id, size // 3],
        ).fetchone()
    value: datetime | date | str | int = row[0]
    binding = f"{one.table}|{shop.tenant_id}|{query.fingerprint()}"
    codec = CursorCodec(suite.common.secret_key.get_secret_value())
    return codec.encode(binding, value, UUID(str(row[1])))


def _statements(log: StatementLog, one: List, load: Load, shop: Shop) -> list[Statement]:
    log.mark()
    name, value = load.items[0]["headers"].strip().split(": ")
    httpx.get(load.url + load.items[0]["path"], headers={name: value}).raise_for_status()
    found = [
        statement
        for transaction in log.since_mark()
        if transaction.application == f"pillars-{one.service}" and transaction.mentions(shop.tenant_id)
        for statement in transaction.statements
        if statement.sql.lstrip().startswith(("SELECT", "WITH"))
        and ((f"{one.service}." in statement.sql and "set_config" not in statement.sql) or _plans(statement))
    ]
    if not any(one.table in s.sql for s in found):
        raise RuntimeError(f"no statement of {one.path} was seen")
    return found


def _plans(statement: Statement) -> bool:
    return "plan_cache_mode" in statement.sql


def _replayed(
    suite: Suite, one: List, shop: Shop, sent: list[Statement], count: int = 1, *, explain: bool = False
) -> float:
    """The median of the milliseconds that the statements take as the service's own role, or the blocks they touch."""
    url = suite.common.service_database_url(one.service)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT set_config('app.tenant_id', %s, false), set_config('app.scope', '', false)",
            [shop.tenant_id],
        )
        if any(_plans(statement) for statement in sent):
            connection.execute(PLAN_FOR_THESE_VALUES.text.replace("true", "false"))
        cursor = psycopg.RawCursor(connection)
        reads = [statement for statement in sent if not _plans(statement)]
        if explain:
            blocks = 0
            for statement in reads:
                sql = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement.sql}"
                plan = (cursor.execute(sql.encode(), statement.parameters).fetchone() or ())[0][0]["Plan"]
                blocks += plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
            return blocks
        times = []
        for _ in range(count):
            began = time.perf_counter()
            for statement in reads:
                cursor.execute(statement.sql.encode(), statement.parameters)
                cursor.fetchall()
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)[len(times) // 2]
