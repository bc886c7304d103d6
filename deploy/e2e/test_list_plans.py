"""Every list of every service, by every filter, order, search and page, reads what it shows and not the tenant.

The lists are found in the routers and their filters in their queries. The statements are those that the endpoints send,
explained as the service's own role under row-level security, planned for their values and as prepared statements.
"""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any, get_args, get_origin
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.dialects import postgresql

from deploy.e2e.list_plans.cases import BESIDE, POOLED, REQUIRED, TABLES, choices
from deploy.e2e.list_plans.endpoints import ALL_LISTS, LISTS, Endpoint
from deploy.e2e.list_plans.lists import Lists
from deploy.e2e.list_plans.plans import LIMIT
from deploy.e2e.list_plans.values import CHILDREN, CHOICES, ME, OPERATOR_OR_ROW, OTHER, SKIPPED, TOKEN, VALUES
from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.ids import new_id
from libs.common.privacy.people import Person, rows_about, tables_of
from libs.common.runtime.registry import NAMES, load_all
from libs.common.testing.actors import guest, user
from libs.common.testing.plugin import new_database, settings_for_tests
from libs.common.testing.rows import Rows, row_id

ROWS = 2200


@pytest.fixture(scope="module")
async def lists(postgres_url: str) -> AsyncIterator[Lists]:
    """All services over tables with many rows of two businesses."""
    services = load_all()
    with new_database(postgres_url, *services) as url:
        settings = settings_for_tests(url)
        with psycopg.connect(url, autocommit=True) as admin:
            for number, tenant_id in enumerate((OPERATOR_TENANT_ID, OTHER)):
                values = {
                    **VALUES,
                    "tenants.tenant_id": OPERATOR_OR_ROW if number == 0 else row_id("i", number),
                    "tenants.id": OPERATOR_OR_ROW if number == 0 else row_id("i", number),
                    "identity.subscriptions.tenant_id": row_id("i", number),
                    "registrations.tenant_id": row_id("i", number),
                    # Of the application that is asked for.
                    "registration_timeline.tenant_id": row_id("8", number),
                    "registration_documents.tenant_id": row_id("8", number),
                    "sessions.*": "",
                    "sessions.revoked_at": "NULL",
                    "sessions.expires_at": "now() + interval '1 day'",
                    "sessions.user_id": f"'{ME}'::uuid",
                    # Those that were idle for too long are shown no more, until they are removed.
                    "sessions.idle_seconds": "CASE WHEN i % 300 = 7 THEN 60 END",
                }
                rows = Rows(ROWS if number == 0 else ROWS // 4, tenant_id, number, CHOICES, values, CHILDREN)
                for service in services:
                    rows.fill(admin, service.metadata, SKIPPED)
            admin.execute("VACUUM ANALYZE")
            opened = Lists(settings, admin)
            yield opened
            await opened.close()


@pytest.mark.xdist_group("list_plans")
@pytest.mark.parametrize("endpoint", LISTS, ids=str)
async def test_a_list_reads_what_it_shows(lists: Lists, endpoint: Endpoint) -> None:
    required: dict[str, Any] = REQUIRED.get(endpoint.path, {})
    page, sent = await lists.get(endpoint, **required)
    table = TABLES.get(endpoint.path) or next(
        found[1] for one in sent if (found := re.search(r"FROM (\w+\.\w+).*LIMIT", one.sql, re.S))
    )
    orders = [sign + name for name in endpoint.query.orderable for sign in ("", "-")]
    cases: list[dict[str, Any]] = [{}, *({"order": order} for order in orders)]
    filters = list(choices(lists, endpoint, table))
    cases += filters
    filters += BESIDE.get(endpoint.path, [])
    cases += BESIDE.get(endpoint.path, [])
    narrow = [case for case in filters if "order" not in case]
    cases += [{**case, "order": orders[n % len(orders)]} for n, case in enumerate(narrow[::2])]
    texts = [{"q": text} for text in ("zzqqzz", "qz", "a", "karoo roasters 1f", "Иван", POOLED)]
    cases += [*texts, *({**case, "order": order} for case in texts for order in orders[:2])]
    cases += [{**texts[n % len(texts)], **case} for n, case in enumerate(narrow[::3])]
    found = []
    for case in cases:
        page, sent = await lists.get(endpoint, **required, **case)
        statements = list(sent)
        if page["next_cursor"]:
            page, sent = await lists.get(endpoint, **required, **case, cursor=page["next_cursor"])
            statements += sent
        found += [
            (case, problem, one.sql)
            for one in statements
            for problem in lists.problems(endpoint.service, one)
        ]
    assert not found, "\n".join(f"{case}: {problem}" for case, problem, _ in found)


@pytest.mark.parametrize("endpoint", LISTS, ids=str)
def test_a_filter_that_equals_takes_any_of_several_values(endpoint: Endpoint) -> None:
    one_value = [
        name
        for name, info in endpoint.query.model_fields.items()
        if name not in {"limit", "cursor", "order", "q", *REQUIRED.get(endpoint.path, {})}
        and not (name == "company_id" and "superusers" in str(info.description))
        and not name.endswith(("_from", "_to", "_min", "_max"))
        and not any(
            kind in (bool, datetime) or get_origin(kind) is list
            for kind in (info.annotation, *get_args(info.annotation))
        )
    ]
    assert one_value == []


@pytest.mark.xdist_group("list_plans")
# The kept mails are looked at by way of the channels of a running service.
@pytest.mark.parametrize("endpoint", [one for one in ALL_LISTS if one.path != "/mailbox"], ids=str)
async def test_a_search_finds_what_rows_say_and_nothing_else(lists: Lists, endpoint: Endpoint) -> None:
    required: dict[str, Any] = REQUIRED.get(endpoint.path, {})
    page, _ = await lists.get(endpoint, **required)
    assert page["items"], "a list without rows shows nothing of its search"

    nowhere, _ = await lists.get(endpoint, **required, q="zzqqzz")
    assert nowhere["items"] == []

    for text in sorted(_texts(page["items"][-1]), key=len, reverse=True):
        found, _ = await lists.get(
            endpoint, **required, q=text.upper() if endpoint.query.searchable else text
        )
        if found["items"]:
            assert all(text.lower() in "\n".join(_texts(one)).lower() for one in found["items"]), text
            return
    pytest.fail("nothing that a row says is found")


def _texts(shown: Any) -> Iterator[str]:
    """The texts, ids and numbers that an item shows, at whatever depth."""
    if isinstance(shown, dict | list):
        for inner in shown.values() if isinstance(shown, dict) else shown:
            yield from _texts(inner)
    elif shown is not None and len(text := str(shown)) > 2:
        yield text


OWN = {"/orders", "/carts", "/payments", "/invoices", "/credit-notes", "/products"}
FREQUENT, RARE, NOBODY = ME, UUID(POOLED), UUID("01900000-0000-7000-9000-00000000ffff")


def customers() -> Iterator[tuple[Actor, dict[str, str]]]:
    """Who sees his own rows alone: clients with many, few and no rows, and with the cart of a guest, and guests."""
    for user_id in (FREQUENT, RARE, NOBODY):
        client = user(OPERATOR_TENANT_ID, user_id=user_id, roles=("client",))
        yield client, {}
    yield client, {"X-Cart-Token": TOKEN}
    yield guest(OPERATOR_TENANT_ID, "*"), {"X-Cart-Token": TOKEN}


@pytest.mark.xdist_group("list_plans")
@pytest.mark.parametrize("endpoint", [one for one in LISTS if one.path in OWN], ids=str)
async def test_a_customer_reads_his_own_rows(lists: Lists, endpoint: Endpoint) -> None:
    table = f"{endpoint.service}.{endpoint.path[1:].replace('-', '_')}"
    orders = [sign + name for name in endpoint.query.orderable for sign in ("", "-")]
    narrow = [case for case in choices(lists, endpoint, table) if "order" not in case]
    cases: list[dict[str, Any]] = [{}, *({"order": order} for order in orders), *narrow]
    cases += [{"q": "zzqqzz"}, {"q": "karoo"}]
    found, rows = [], 0
    for caller in customers():
        lists.caller = caller
        try:
            for case in cases:
                page, statements = await lists.get(endpoint, **case)
                rows += len(page["items"])
                if page["next_cursor"]:
                    _, more = await lists.get(endpoint, **case, cursor=page["next_cursor"])
                    statements = statements + more
                found += [
                    (caller[0].user_id, caller[1], case, problem)
                    for one in statements
                    for problem in lists.problems(endpoint.service, one)
                ]
        finally:
            lists.caller = (None, {})
    assert rows > 0
    assert not found, "\n".join(map(str, found))


# As many rows as things a business decides on, not as things that happen.
DECIDED = re.compile(
    r"identity\.(registration_|review_|registrations|invitations|passkey_|oidc_|staff_|privacy_)"
)


@pytest.mark.xdist_group("list_plans")
@pytest.mark.parametrize("is_of_one_business", [True, False])
def test_rows_about_a_person_are_found_by_index(lists: Lists, is_of_one_business: bool) -> None:
    tenant_id = OPERATOR_TENANT_ID if is_of_one_business else None
    person = Person(new_id(), None if tenant_id else RARE, "nobody@mail.example", tenant_id)
    found, looked_at = [], 0
    for name in NAMES:
        service = lists.client(name).context.service
        for table, known in tables_of(service.metadata, service.privacy, person):
            about = rows_about(table, known, person)
            if about is None or DECIDED.match(table.fullname):
                continue
            statement = select(*table.primary_key.columns).where(about).compile(dialect=postgresql.dialect())
            sql = re.sub(r"%\((\w+)\)s(?:::\w+)?", r"%(\1)s", str(statement))
            connection = lists.connections[name]
            try:
                scope = (str(tenant_id or ""), "" if tenant_id else "platform")
                connection.execute(
                    "SELECT set_config('app.tenant_id', %s, true), set_config('app.scope', %s, true)", scope
                )
                connection.execute("SET LOCAL enable_seqscan = off")
                explained = connection.execute(
                    f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", statement.params
                ).fetchone()
                assert explained is not None
                looked_at += 1
                found += [f"{table.fullname}: {problem}" for problem in _unindexed(explained[0][0]["Plan"])]
            finally:
                connection.rollback()
    assert looked_at >= (12 if is_of_one_business else 20)
    assert not found, "\n".join(found)


def _unindexed(plan: dict[str, Any]) -> Iterator[str]:
    """Nodes that read rows about others."""
    if plan.get("Rows Removed by Filter", 0) > LIMIT or plan["Node Type"] == "Seq Scan":
        yield f"{plan['Node Type']} removes {plan.get('Rows Removed by Filter', 0)} rows"
    for inner in plan.get("Plans", []):
        yield from _unindexed(inner)


@pytest.mark.xdist_group("list_plans")
@pytest.mark.parametrize("endpoint", LISTS, ids=str)
async def test_a_page_of_many_rows_takes_as_many_statements_as_one_of_one(
    lists: Lists, endpoint: Endpoint
) -> None:
    required = REQUIRED.get(endpoint.path, {})
    counts = {}
    for limit in (2, 50):
        page, sent = await lists.get(endpoint, **{**required, "limit": limit})
        counts[len(page["items"])] = [one.sql for one in sent]
    few, many = counts[min(counts)], counts[max(counts)]
    assert len(many) <= len(few), many


@pytest.mark.xdist_group("list_plans")
@pytest.mark.parametrize(
    ("path", "parameters", "index"),
    [
        ("/deals", {"status": "lost"}, "crm.ix_deals_status"),
        ("/deals", {"order": "name"}, "crm.ix_deals_by_name"),
        ("/tasks", {"order": "-due_at"}, "crm.ix_tasks_by_due_at"),
        ("/contacts", {"q": "zzqqzz"}, "crm.ix_contacts_search"),
        ("/products", {"in_stock": "false"}, "catalog.ix_products_is_sellable"),
        ("/products", {"attr.color": "rare"}, "catalog.ix_products_filter_values_pairs"),
        ("/registrations", {}, "identity.ix_registrations_created_at"),
    ],
)
async def test_a_missing_index_is_noticed(
    lists: Lists, path: str, parameters: dict[str, str], index: str
) -> None:
    endpoint = next(one for one in LISTS if one.path == path)
    definition = lists.admin.execute("SELECT pg_get_indexdef(%s::regclass)", [index]).fetchone()
    assert definition is not None
    lists.admin.execute(f"DROP INDEX {index}")
    try:
        _, sent = await lists.get(endpoint, **parameters)
        lists.seen.clear()
        assert [problem for one in sent for problem in lists.problems(endpoint.service, one)]
    finally:
        lists.admin.execute(definition[0])
