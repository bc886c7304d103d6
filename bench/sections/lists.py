"""Pages of lists in tenants of 1,000, 100,000 and 1,000,000 rows: over HTTP, and their SQL alone."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psycopg

from bench.bench import Bench
from bench.capture import Statement, statements
from bench.journey import whole
from bench.load import Load, offer
from bench.report import Row, most
from bench.rows import UUID7, multiply, tidy
from bench.shop import Builder, Shop
from bench.stats import Sample
from bench.suite import Suite
from bench.verifier import signed_actor
from libs.common.actor import ACTOR_HEADER
from libs.common.filters import ListQuery
from libs.common.pagination import CursorCodec
from services.catalog.products.schemas import ProductQuery
from services.crm.companies.schemas import CompanyQuery
from services.orders.orders.schemas import OrderQuery

SECTION = "lists"
_AGO = "now() - n * interval '1 second'"
_TIMES = {"created_at": _AGO, "updated_at": _AGO}


@dataclass(frozen=True, slots=True)
class List:
    """A list to measure: where it is served, its table, how rows differ, and its pages by name.

    `make` gives the id of the row to copy, made through the API. The page "deep" begins in the middle of the rows.
    A page holds as many rows in the smallest tenant as in the largest: a row costs more to show than to find.
    """

    service: str
    path: str
    table: str
    query: type[ListQuery]
    make: Callable[[Suite, Builder, Shop], str]
    changes: Mapping[str, str]
    pages: Mapping[str, Mapping[str, str]]


def _product(_: Suite, builder: Builder, shop: Shop) -> str:
    found = builder.call("GET", "/products", token=shop.owner_token, tenant=shop.tenant_id)
    return str(found["items"][0]["id"])


def _company(_: Suite, builder: Builder, shop: Shop) -> str:
    body = {"name": "Karoo Roasters", "email": "office@example.com"}
    made = builder.call("POST", "/companies", token=shop.owner_token, tenant=shop.tenant_id, json=body)
    return str(made["id"])


def _order(suite: Suite, _: Builder, shop: Shop) -> str:
    load = Load(suite.url, whole.__name__, [shop.to_json()], connections=1, count=1, keep=True)
    return str(offer(load).results[0]["id"])


# A word that few rows have, one that all have and one that none has; and one of a row in 200.
_FEW, _ALL, _NONE, _SOME = "md5('w' || n / 20)", "blend", "zzyzx", "someword"
_WORDS = f"'Blend ' || {_FEW} || CASE WHEN n % 200 = 0 THEN ' {_SOME}' ELSE '' END"
_SEARCHES = {
    "search, 20 rows found": {"q": "<few>"},
    "search, 1 in 200 found, 5 a page": {"q": _SOME, "limit": "5"},
    "search, all rows found": {"q": _ALL},
    "search, none found": {"q": _NONE},
}
LISTS = (
    List(
        "catalog",
        "/products",
        "products",
        ProductQuery,
        _product,
        {
            "id": UUID7,
            "name": _WORDS,
            "slug": "'blend-' || n",
            "search_text": f"{_WORDS} || ' hb-' || n",
            "filter_values": "jsonb_build_object('roast', jsonb_build_array("
            "CASE WHEN n % 200 = 0 THEN 'dark' ELSE 'light' END))",
            "status": "CASE WHEN n % 100 = 0 THEN 'draft' ELSE 'active' END",
            "price_amount": "1000 + (n::bigint * 7919) % 90000",
            **_TIMES,
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            "filter, 1 in 100, 10 a page": {"status": "draft", "limit": "10"},
            "filter, none": {"status": "archived"},
            "filter by attribute, 1 in 200, 5 a page": {"attr.roast": "dark", "limit": "5"},
            "sorted by name": {"order": "name"},
            "sorted by price, falling": {"order": "-price"},
            **_SEARCHES,
        },
    ),
    List(
        "crm",
        "/companies",
        "companies",
        CompanyQuery,
        _company,
        {"id": UUID7, "name": _WORDS, "email": "'c' || n || '@example.com'", **_TIMES},
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            "sorted by name": {"order": "name"},
            **_SEARCHES,
        },
    ),
    List(
        "orders",
        "/orders",
        "orders",
        OrderQuery,
        _order,
        {
            "id": UUID7,
            "number": "'B-' || lpad(n::text, 8, '0')",
            "customer_name": _WORDS,
            "email": "'c' || n % 1000 || '@example.com'",
            # None that a timed job would take up.
            "status": "CASE WHEN n % 100 = 0 THEN 'cancelled' ELSE 'completed' END",
            "placed_at": _AGO,
            **_TIMES,
        },
        {
            "first page": {},
            "deep page": {"cursor": "<deep>"},
            "filter, 1 in 100, 10 a page": {"status": "cancelled", "limit": "10"},
            "filter by e-mail, 1 a page": {"email": "c7@example.com", "limit": "1"},
            "sorted by number": {"order": "number"},
            **_SEARCHES,
        },
    ),
)


def measure(bench: Bench) -> list[Row]:
    """All rows of the section."""
    suite = bench.suite
    builder = Builder(suite.url)
    sizes = (100, 1000, 5000) if bench.options.quick else (1000, 100_000, 1_000_000)
    shops = {size: builder.open() for size in sizes}
    suite.settle()
    patterns = {
        (one.path, size): one.make(suite, builder, shop) for one in LISTS for size, shop in shops.items()
    }
    suite.settle()
    # Making rows takes most of the time of this section, and each table is a matter of one core.
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_fill, bench, one, patterns) for one in LISTS]:
            done.result()
    suite.settle()
    rows: list[Row] = []
    for one in LISTS:
        for page, parameters in one.pages.items():
            bench.say(f"{one.path}: {page}")
            rows += _page(bench, one, shops, page, parameters)
    return rows


def _fill(bench: Bench, one: List, patterns: Mapping[tuple[str, int], str]) -> None:
    with bench.suite.connect() as connection:
        for (path, size), pattern in patterns.items():
            if path == one.path:
                multiply(connection, one.service, one.table, pattern, size, one.changes)
        tidy(connection, one.service, one.table)
    bench.say(f"{one.path}: the rows are there")


def _page(
    bench: Bench, one: List, shops: Mapping[int, Shop], page: str, parameters: Mapping[str, str]
) -> list[Row]:
    suite, count = bench.suite, bench.options.some(60, 10)
    http: dict[int, list[float]] = {size: [] for size in shops}
    alone: dict[int, list[float]] = {size: [] for size in shops}
    loads = {size: _load(suite, one, shop, size, parameters, count) for size, shop in shops.items()}
    sent = {size: _statements(suite, one, loads[size], shop) for size, shop in shops.items()}
    for _ in range(bench.options.runs):
        for size, shop in shops.items():
            http[size].append(offer(loads[size]).p50)
            alone[size].append(_replayed(suite, one, shop, sent[size], count))
    smallest, middle, largest = shops
    rows = []
    for what, found, target in (("", http, most(1.2, "ratio")), (", SQL alone", alone, None)):
        between = Sample.of(found[middle]).median
        rows.append(
            Row(
                SECTION,
                f"{one.path[1:]}, {page}, {largest:,} rows, p50{what}",
                "ms",
                Sample.of(found[largest]),
                Sample.of(found[smallest]),
                f"{smallest:,} rows; {between:.1f} ms at {middle:,}",
                target,
            )
        )
    return rows


def _load(suite: Suite, one: List, shop: Shop, size: int, parameters: Mapping[str, str], count: int) -> Load:
    given = dict(parameters)
    if given.get("cursor") == "<deep>":
        given["cursor"] = _deep(suite, one, shop, size)
    if given.get("q") == "<few>":
        with suite.connect() as connection:
            given["q"] = str(
                (connection.execute(f"SELECT {_FEW} FROM (SELECT %s) x(n)", [size // 2]).fetchone() or "")[0]
            )
    secret = suite.common.secret_key.get_secret_value()
    actor = signed_actor(secret, shop.tenant_id, shop.tenant_id, shop.owner_email)
    item = {"path": f"{one.path}?{urlencode(given)}", "headers": f"{ACTOR_HEADER}: {actor}\r\n"}
    url = f"http://127.0.0.1:{suite.ports[one.service]}"
    return Load(url, "get", [item], connections=1, count=count)


def _deep(suite: Suite, one: List, shop: Shop, size: int) -> str:
    """The cursor of the row in the middle, as the list itself would give it."""
    query = one.query()
    name, _ = query.order_column
    with suite.connect() as connection:
        row: Any = connection.execute(
            f"SELECT {name}, id FROM {one.service}.{one.table} WHERE tenant_id = %s ORDER BY {name}, id OFFSET %s LIMIT 1",
            [shop.tenant_id, size // 2],
        ).fetchone()
    value: datetime | str | int = row[0]
    binding = f"{one.service}.{one.table}|{shop.tenant_id}|{query.fingerprint()}"
    codec = CursorCodec(suite.common.secret_key.get_secret_value())
    return codec.encode(binding, value, UUID(str(row[1])))


def _statements(suite: Suite, one: List, load: Load, shop: Shop) -> list[Statement]:
    with statements(suite) as capture:
        offer(Load(load.url, load.work, load.items, connections=1, count=1))
        time.sleep(0.2)
    found = [
        statement
        for transaction in capture.transactions
        if transaction.application == f"pillars-{one.service}" and transaction.mentions(shop.tenant_id)
        for statement in transaction.statements
        if statement.sql.lstrip().startswith(("SELECT", "WITH"))
        and f"{one.service}." in statement.sql
        and "set_config" not in statement.sql
    ]
    if not any(f"{one.service}.{one.table}" in s.sql for s in found):
        raise RuntimeError(f"no statement of {one.path} was seen")
    return found


def _replayed(suite: Suite, one: List, shop: Shop, sent: list[Statement], count: int) -> float:
    url = suite.common.service_database_url(one.service)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT set_config('app.tenant_id', %s, false), set_config('app.scope', '', false)",
            [shop.tenant_id],
        )
        cursor = psycopg.RawCursor(connection)
        times = []
        for _ in range(count):
            began = time.perf_counter()
            for statement in sent:
                cursor.execute(statement.sql.encode(), statement.parameters)
                cursor.fetchall()
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)[len(times) // 2]
