"""Every list of every service, by every filter, order, search and page, reads what it shows and not the tenant.

The lists are found in the routers and their filters in their queries. The statements are those that the endpoints send,
explained as the service's own role under row-level security, planned for their values and as prepared statements.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from inspect import signature
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

import psycopg
import pytest
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from sqlalchemy import event, select
from sqlalchemy.dialects import postgresql

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.db.engine import SCOPE
from libs.common.db.migrate import migrate
from libs.common.db.repository import PLAN_FOR_THESE_VALUES
from libs.common.filters import Custom, ListQuery, column_of
from libs.common.ids import new_id
from libs.common.privacy.people import Person, rows_about, tables_of
from libs.common.runtime.context import ServiceContext
from libs.common.runtime.registry import NAMES, load, load_all
from libs.common.runtime.service import Service
from libs.common.settings import CommonSettings
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.plugin import new_database, one_at_a_time, settings_for_tests
from libs.common.testing.rows import POOL, Rows, row_id

ROWS = 2200
LIMIT = 10
# A page of ten may read so many rows of a table: a search looks at 600, a rare value in another order at some hundreds.
MOST_ROWS = 1300
MOST_BUFFERS = 4500

CHOICES = {
    "orders.status": ("placed", "paid", "completed", "cancelled", "draft"),
    "reservations.release_cause": ("expired", "cancelled"),
    "carts.status": ("open", "checked_out", "abandoned"),
    "products.status": ("active", "draft", "archived"),
    "products.type": ("goods", "service", "digital"),
    "reservations.status": ("reserved", "allocated", "shipped", "released"),
    "movements.type": ("sale", "purchase", "adjustment", "opening"),
    "assigned_products.status": ("assigned", "revoked"),
    "registrations.status": ("submitted", "approved", "rejected", "changes_requested"),
    "registration_requirements.kind": ("document", "field", "check"),
    "tenants.status": ("active", "pending", "closed"),
    "invitations.status": ("accepted", "expired", "revoked"),
    "domains.verified_by": ("dns", "file"),
    "privacy_requests.kind": ("export", "erasure"),
    "privacy_requests.status": ("completed", "expired", "pending"),
    "privacy_receipts.status": ("done", "pending"),
    "deliveries.status": ("sent", "failed", "pending"),
    "deliveries.channel": ("email", "push"),
    "tasks.priority": ("normal", "high", "low"),
    "chat_threads.object_type": ("deal", "lead", "company"),
    "chat_messages.object_type": ("deal", "lead", "company"),
    "payments.status": ("succeeded", "failed", "pending"),
    "payments.provider": ("yoco", "sandbox"),
    "invoices.status": ("issued", "paid", "draft"),
    "refunds.status": ("succeeded", "pending", "failed"),
    "member_roles.role": ("client", "owner", "manager"),
    "ledger_accounts.type": ("asset", "income", "liability"),
}
TOKEN = "the token of a cart"
HASHES = f"CASE WHEN i % 300 = 8 THEN '{hashlib.sha256(TOKEN.encode()).hexdigest()}' ELSE md5(i::text) END"
VALUES = {
    "users.*": "",
    "audit_log.actor": "CASE WHEN i % 300 = 7 THEN 'guest' WHEN i % 2 = 0 THEN 'system:crm' ELSE 'user:' || i END",
    "registrations.business": "jsonb_build_object('country', CASE WHEN i % 300 = 7 THEN 'KZ' ELSE 'ZA' END)",
    "registrations.declared_currency": "NULL",
    "registrations.deal_currency": "NULL",
    "registration_rules.currency": "NULL",
    "deals.closed_at": "CASE WHEN i % 3 <> 0 OR i % 300 = 7 THEN now() - i * interval '9 minutes' END",
    "deals.status": "CASE WHEN i % 300 = 7 THEN 'lost' WHEN i % 3 <> 0 THEN 'won' ELSE 'open' END",
    "leads.status": "CASE WHEN i % 300 = 7 THEN 'converted' WHEN i % 3 <> 0 THEN 'new' ELSE 'contacted' END",
    "leads.converted_at": "CASE WHEN i % 300 = 7 THEN now() END",
    "leads.currency": "'ZAR'",
    "leads.amount_minor": "i",
    "requests.currency": "'ZAR'",
    "requests.budget_minor": "i",
    "tasks.status": "CASE WHEN i % 300 = 7 THEN 'done' WHEN i % 3 <> 0 THEN 'todo' ELSE 'in_progress' END",
    "tasks.completed_at": "CASE WHEN i % 300 = 7 THEN now() END",
    "projects.starts_on": "NULL",
    "stages.kind": "'open'",
    "stages.probability": "i % 101",
    "pipelines.is_default": "false",
    "stores.is_default": "false",
    "stock_levels.on_hand": "i % 50",
    "stock_levels.reserved": "0",
    "stock_levels.allocated": "0",
    "variants.low_stock_threshold": "0",
    "reservation_lines.quantity": "1",
    "reservation_lines.shipped_quantity": "0",
    "reservations.shortfall": "CASE WHEN i % 300 = 7 THEN '[]'::jsonb END",
    "deal_lines.quantity": "1",
    "order_lines.quantity": "1",
    "order_lines.shipped_quantity": "0",
    "order_lines.discount_amount": "0",
    "order_lines.unit_amount": "100",
    "order_lines.total_amount": "100",
    "orders.subtotal_amount": "i",
    "orders.total_amount": "i",
    "orders.discount_amount": "0",
    "orders.shipping_amount": "0",
    "orders.tax_amount": "0",
    "orders.number": "'A-' || lpad(i::text, 7, '0')",
    "shipment_lines.quantity": "1",
    "cart_items.quantity": "1",
    "cart_items.unit_amount": "1",
    "deliveries.attempts": "1",
    "products.filter_values": "jsonb_build_object('color', jsonb_build_array("
    "CASE WHEN i % 300 = 7 THEN 'rare' ELSE 'red' END))",
    "products.is_sellable": "i % 300 <> 7",
    "products.search_text": "'blend ' || substr(md5(i::text), 1, 8)",
    "payments.checkout_id": "NULL",
    "orders.cart_token_hash": HASHES,
    "carts.token_hash": HASHES,
    "carts.merged_into_id": "NULL",
    "notifications.archived_at": "CASE WHEN i % 7 = 0 THEN now() END",
    "roles.permissions": "'[]'::jsonb",
    "roles.scope": "'tenant'",
    "stages.required_fields": "'[]'::jsonb",
    "invitations.roles": "'[]'::jsonb",
    "privacy_receipts.reasons": "'[]'::jsonb",
    "members.person_email": "substr(md5(i::text), 1, 6) || i || '@mail.example'",
    "members.person_name": "'Karoo Roasters ' || substr(md5(i::text), 1, 8)",
    "members.person_is_active": "i % 300 <> 7",
}
CHILDREN = frozenset(
    [
        "deal_lines",
        "order_lines",
        "cart_items",
        "variants",
        "shipment_lines",
        "stage_changes",
        "timeline_entries",
        "reservation_lines",
        "ledger_entries",
        "memo_recipients",
        "project_members",
        "chat_members",
        "member_roles",
        "shipping_methods",
        "stages",
        "stock_levels",
        "shipments",
    ]
)
SKIPPED = frozenset({"outbox", "inbox", "dead_letters", "jobs", "idempotency_keys", "availability_changes"})
OPERATOR_OR_ROW = f"CASE WHEN i = 1 THEN '{OPERATOR_TENANT_ID}'::uuid ELSE {row_id('i')} END"
OTHER = UUID("01900000-0000-7000-9000-000000000001")
ME = UUID("01900000-0000-7000-8000-000000000007")


@dataclass
class Endpoint:
    """A list: its service, path and query."""

    service: str
    path: str
    query: type[ListQuery]

    def __str__(self) -> str:
        return f"{self.service} {self.path}"


@dataclass
class Sent:
    """A statement that an endpoint sent, with its parameters, its scope, and whether it is planned every time."""

    sql: str
    parameters: Any
    tenant_id: UUID | None
    is_platform: bool
    is_custom: bool


def endpoints(service: Service) -> Iterator[Endpoint]:
    """The lists of a service: the routes whose signature takes a list's query."""
    for router in service.routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and "GET" in route.methods:
                for parameter in signature(route.endpoint).parameters.values():
                    kind = (get_args(parameter.annotation) or [None])[0]
                    # An export is the pages of its list, one after another.
                    is_export = route.response_class is StreamingResponse
                    if isinstance(kind, type) and issubclass(kind, ListQuery) and not is_export:
                        yield Endpoint(service.name, route.path, kind)


# Roles are those of the platform and a business's own: few, and two indexes would have to be merged.
# What the sandboxes keep is for development. Keys, tokens, passkeys, linked accounts, providers, grants to staff and plans are few
# by rule; of one application there are as few documents and entries as happen to it.
FEW = {"/roles", "/fcm/sandbox/messages", "/mailbox"} | {
    "/auth/passkeys",
    "/auth/oidc/links",
    "/oidc-providers",
    "/api-keys",
    "/auth/token",
    "/plans",
    "/tenants/{tenant_id}/staff-grants",
    "/registrations/{registration_id}/documents",
    "/registrations/{registration_id}/timeline",
}
LISTS = [one for name in NAMES for one in endpoints(load(name)) if one.path not in FEW]


class Lists:
    """Calls lists in-process, keeps what they send, and explains it."""

    def __init__(self, settings: CommonSettings, admin: psycopg.Connection[Any]) -> None:
        self.settings = settings
        self.admin = admin
        self.clients: dict[str, Client] = {}
        self.connections: dict[str, psycopg.Connection[Any]] = {}
        self.sent: list[Sent] = []
        self._custom = False
        self.seen: set[str] = set()
        # Who calls, with which headers; somebody who may see all rows of the business unless a test says otherwise.
        self.caller: tuple[Actor | None, dict[str, str]] = (None, {})

    def client(self, name: str) -> Client:
        """A client of a service whose statements are kept."""
        if name not in self.clients:
            context = ServiceContext(load(name), self.settings)
            event.listen(context.engine.sync_engine, "before_cursor_execute", self._keep)
            self.clients[name] = Client(context, user(OPERATOR_TENANT_ID, user_id=ME))
            url = self.settings.service_database_url(name)
            self.connections[name] = psycopg.connect(re.sub(r"\+\w+", "", url), autocommit=False)
        return self.clients[name]

    async def close(self) -> None:
        """Close what was opened."""
        for client in self.clients.values():
            await client.context.upstreams.close()
            await client.context.close()
        for connection in self.connections.values():
            connection.close()

    def _keep(self, connection: Any, _: Any, sql: str, parameters: Any, execution: Any, __: bool) -> None:
        if "plan_cache_mode" in sql:
            self._custom = True
            return
        if connection is None:
            scope = execution.scope
        else:
            scope = execution.execution_options.get(SCOPE) or connection.get_execution_options()[SCOPE]
        self.sent.append(Sent(sql, parameters, scope.tenant_id, scope.is_platform, self._custom))

    async def get(self, endpoint: Endpoint, **parameters: Any) -> tuple[dict[str, Any], list[Sent]]:
        """The page and what was sent for it."""
        self.sent, self._custom = [], False
        path = endpoint.path
        for name in re.findall(r"{(\w+)}", path):
            path = path.replace(f"{{{name}}}", str(self.named(endpoint, name)))
        client, (actor, headers) = self.client(endpoint.service), self.caller
        client = client if actor is None else client.acting(actor)
        response = await client.get(path, params={"limit": LIMIT, **parameters}, headers=headers)
        assert response.status_code == 200, (str(endpoint), parameters, response.text[:500])
        return response.json(), self.sent

    def named(self, endpoint: Endpoint, name: str) -> Any:
        """The id that a path needs: of a row that has what the list shows."""
        if name == "tenant_id" or "tenants" in endpoint.path:
            return OPERATOR_TENANT_ID
        return self.admin.execute(f"SELECT {row_id('8')}").fetchone()[0]  # type: ignore[index]

    def problems(self, service: str, sent: Sent) -> list[str]:
        """What is wrong with the plans of a statement, once as planned for its values, once as prepared."""
        key = sent.sql + repr(sent.parameters)
        if not sent.sql.lstrip().upper().startswith(("SELECT", "WITH")) or key in self.seen:
            return []
        self.seen.add(key)
        connection = self.connections[service]
        found = []
        try:
            scope = (str(sent.tenant_id or ""), "platform" if sent.is_platform else "")
            connection.execute(
                "SELECT set_config('app.tenant_id', %s, true), set_config('app.scope', %s, true)", scope
            )
            explain = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
            if sent.is_custom:
                connection.execute(PLAN_FOR_THESE_VALUES.text)
            if sent.is_platform:
                # Over all businesses the planner takes the policy for a filter that few rows pass, and reads a table
                # as small as these; so what is asked is whether some index gives the rows.
                connection.execute("SET LOCAL enable_seqscan = off")
                plan = judge(connection.execute(explain + sent.sql, sent.parameters).fetchone()[0])  # type: ignore[index]
                connection.execute("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
                in_order = judge(connection.execute(explain + sent.sql, sent.parameters).fetchone()[0])  # type: ignore[index]
                return plan and in_order
            found += judge(connection.execute(explain + sent.sql, sent.parameters).fetchone()[0])  # type: ignore[index]
            if not sent.is_custom:
                found += [f"prepared: {problem}" for problem in self._prepared(connection, explain, sent)]
        finally:
            connection.rollback()
        return found

    def _prepared(self, connection: psycopg.Connection[Any], explain: str, sent: Sent) -> list[str]:
        names = list(sent.parameters or {})
        sql = re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", sent.sql).replace("%%", "%")
        connection.execute(f"PREPARE page AS {sql}")
        try:
            values = ", ".join(["%s"] * len(names))
            execute = f"EXECUTE page({values})" if names else "EXECUTE page"
            arguments = [sent.parameters[name] for name in names]
            cursor = psycopg.ClientCursor(connection)
            # The server plans five times for the values, and then may keep a plan for any values.
            for _ in range(5):
                cursor.execute("EXPLAIN " + execute, arguments)
            return judge(cursor.execute(explain + execute, arguments).fetchone()[0])  # type: ignore[index]
        finally:
            if not connection.broken and connection.info.transaction_status.name != "INERROR":
                connection.execute("DEALLOCATE page")


def judge(explained: list[dict[str, Any]]) -> list[str]:
    """What reads more than a page may: whole tables, many rows, many buffers."""
    plan = explained[0]["Plan"]
    read: dict[str, float] = {}
    found = []
    stack = [plan]
    while stack:
        node = stack.pop()
        if node["Node Type"] == "BitmapAnd":
            # Entries of indexes, a hundred to a buffer: what both have is read of the table, and counted there.
            continue
        stack += node.get("Plans", [])
        name = node.get("Relation Name") or node.get("Index Name")
        if name is None:
            continue
        loops = node["Actual Loops"]
        rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
        rows = (rows + node.get("Rows Removed by Index Recheck", 0)) * loops
        read[name] = read.get(name, 0) + rows
        if node["Node Type"] == "Seq Scan" and rows > LIMIT * 10:
            found.append(f"reads all of {name}")
    found += [f"reads {rows:.0f} rows of {name}" for name, rows in read.items() if rows > MOST_ROWS]
    buffers = plan.get("Shared Hit Blocks", 0) + plan.get("Shared Read Blocks", 0)
    if buffers > MOST_BUFFERS:
        found.append(f"touches {buffers} buffers")
    return found


@pytest.fixture(scope="module")
async def lists(postgres_url: str) -> AsyncIterator[Lists]:
    """All services over tables with many rows of two businesses."""
    with new_database(postgres_url) as url:
        settings = settings_for_tests(url)
        services = load_all()
        with one_at_a_time():
            migrate(services, settings)
        with psycopg.connect(url, autocommit=True) as admin:
            for number, tenant_id in enumerate((OPERATOR_TENANT_ID, OTHER)):
                values = {
                    **VALUES,
                    "tenants.tenant_id": OPERATOR_OR_ROW if number == 0 else row_id("i", number),
                    "tenants.id": OPERATOR_OR_ROW if number == 0 else row_id("i", number),
                    "subscriptions.tenant_id": row_id("i", number),
                    "registrations.tenant_id": row_id("i", number),
                    "sessions.*": "",
                    "sessions.revoked_at": "NULL",
                    "sessions.expires_at": "now() + interval '1 day'",
                    "sessions.user_id": f"'{ME}'::uuid",
                }
                rows = Rows(ROWS if number == 0 else ROWS // 4, tenant_id, number, CHOICES, values, CHILDREN)
                for service in services:
                    rows.fill(admin, service.metadata, SKIPPED)
            admin.execute("VACUUM ANALYZE")
            opened = Lists(settings, admin)
            yield opened
            await opened.close()


def choices(lists: Lists, endpoint: Endpoint, table: str) -> Iterator[dict[str, Any]]:
    """The parameters to try of each filter: of a rare value and a frequent one, of two, and of narrow ranges."""
    service = lists.client(endpoint.service).context.service
    model = service.metadata.tables[table]
    for name, info in endpoint.query.model_fields.items():
        if name in {"limit", "cursor", "order", "q", *REQUIRED.get(endpoint.path, {})} or (
            name == "company_id" and info.description and "superusers" in info.description
        ):
            continue
        kinds = (
            get_args(info.annotation)
            if get_origin(info.annotation) in (Union, UnionType)
            else [info.annotation]
        )
        if any(isinstance(mark, Custom) for mark in info.metadata):
            yield from CUSTOM.get((endpoint.path, name)) or [{name: value} for value in ("true", "false")]
            continue
        column, operator = column_of(model.columns, name, info.metadata)
        found = lists.admin.execute(
            f'SELECT "{column}" FROM {table} WHERE "{column}" IS NOT NULL AND {OF_TENANT.get(table, MINE)} '
            "GROUP BY 1 ORDER BY count(*), 1"
        ).fetchall()
        values = [_text(value) for (value,) in found]
        if operator == "__eq__":
            yield {name: values[0]}
            yield {name: values[-1]}
            if any(get_origin(kind) is list for kind in kinds) and len(values) > 1:
                yield {name: [values[0], values[-1]]}
        else:
            ordered = sorted(value for (value,) in found)
            yield {name: _text(ordered[5 if operator == "__le__" else -5])}
            # A wide range is read in its own order; in another one any rows may lie before the first that is within.
            if column in endpoint.query.orderable:
                yield {name: _text(ordered[len(ordered) // 2]), "order": column}


def _text(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


MINE = f"tenant_id = '{OPERATOR_TENANT_ID}'"
OF_TENANT = {"identity.tenants": "true", "identity.registrations": "true", "identity.sessions": "true"}
_POOLED = str(UUID(f"01900000-0000-7000-8000-{POOL - 1:012x}"))
CUSTOM: dict[tuple[str, str], list[dict[str, Any]]] = {
    ("/audit-log", "actor_kind"): [
        {"actor_kind": kind} for kind in ("guest", "system", ["guest", "api_key"])
    ],
    ("/registrations", "assignee"): [{"assignee": "me"}, {"assignee": "none"}],
    ("/registrations", "waiting_for"): [{"waiting_for": whom} for whom in ("staff", "applicant", "nobody")],
    # Facets are counted over up to 10,000 of the products found.
    ("/products", "facets"): [{"facets": "false"}],
    ("/products", "category"): [{"category": "none"}],
    ("/products", "category_id"): [{"category_id": _POOLED}, {"category_id": str(new_id())}],
    ("/memos", "recipient_id"): [{"recipient_id": _POOLED}, {"recipient_id": str(ME)}],
    ("/projects", "member_id"): [{"member_id": _POOLED}, {"member_id": str(ME)}],
    ("/sandbox/mailbox", "to"): [{"to": "nobody@mail.example"}],
    ("/sandbox/mailbox", "subject"): [{"subject": "Karoo"}, {"subject": "zzqqzz"}],
    ("/ledger/accounts", "at"): [{"at": "2026-01-01T00:00:00Z"}],
}


# Filters whose names are the business's own.
BESIDE: dict[str, list[dict[str, Any]]] = {
    "/products": [
        {"attr.color": "rare"},
        {"attr.color": "red"},
        {"attr.color": ["rare", "none"], "attr.size": "none"},
        {"attr.none": "none"},
    ]
}


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
    if endpoint.query.searchable:
        texts = [{"q": text} for text in ("zzqqzz", "qz", "a", "karoo roasters 1f", "Иван")]
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


OWN = {"/orders", "/carts", "/payments", "/invoices", "/credit-notes", "/products"}
FREQUENT, RARE, NOBODY = ME, UUID(_POOLED), UUID("01900000-0000-7000-9000-00000000ffff")


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
    if endpoint.query.searchable:
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
    r"identity\.(registration_|review_|registrations|invitations|passkey_|oidc_|staff_|privacy_|tot)"
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


TABLES = {
    "/tenants/{tenant_id}/invitations": "identity.invitations",
    "/tenants/{tenant_id}/members": "identity.members",
    "/users": "identity.members",
    "/auth/users": "identity.members",
    "/admin/users": "identity.members",
}
REQUIRED: dict[str, dict[str, Any]] = {"/chat/for_object": {"type": "deal", "id": _POOLED}}


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
