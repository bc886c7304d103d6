"""Tenants never see each other: every table as the service's own role, and every list over HTTP."""

import asyncio
from uuid import UUID

import psycopg
import pytest

from deploy.e2e.conftest import Shop, Suite
from libs.common.db.tenancy import is_isolated
from libs.common.ids import new_id
from libs.common.runtime.registry import NAMES, load

# Tables whose rows without a tenant, or of the operator, everybody may read, each with its reason.
READ_BY_ALL = {"identity.roles": "system roles are the same for every business"}

# Tables without a tenant, each with its reason.
SHARED = {
    "inbox": "holds ids of events and names of handlers",
    "job_schedules": "holds names of jobs",
    "users": "a person may belong to several businesses; read by the sign-in only",
    "sessions": "belong to a person; read by the sign-in only",
    "refresh_tokens": "belong to a session",
    "signing_keys": "belong to the platform",
    "attempt_counters": "belong to names and addresses",
    "devices": "belong to a person",
}


async def connect(suite: Suite, service: str) -> psycopg.AsyncConnection:
    """A connection as the runtime role of a service."""
    return await psycopg.AsyncConnection.connect(suite.settings.service_database_url(service))


async def scope(connection: psycopg.AsyncConnection, tenant_id: UUID | str) -> None:
    """Act in a tenant for the rest of the transaction."""
    await connection.execute("SELECT set_config('app.tenant_id', %s, true)", (str(tenant_id),))


@pytest.mark.parametrize("name", NAMES)
async def test_every_table_shows_rows_of_the_tenant_in_scope_only(
    suite: Suite, shop: Shop, name: str
) -> None:
    metadata = load(name).metadata
    async with await connect(suite, name) as connection:
        for table in metadata.sorted_tables:
            if not is_isolated(table):
                assert table.name in SHARED, f"{table.fullname} has no tenant_id and no reason"
                continue
            full = f'"{table.schema}"."{table.name}"'
            if table.fullname in READ_BY_ALL:
                continue
            async with connection.transaction():
                nothing = await (await connection.execute(f"SELECT count(*) FROM {full}")).fetchone()
            assert nothing == (0,), f"{table.fullname} shows rows without a tenant"
            async with connection.transaction():
                await scope(connection, new_id())
                foreign = await (await connection.execute(f"SELECT count(*) FROM {full}")).fetchone()
                changed = (
                    await connection.execute(f"DELETE FROM {full}") if table.name != "audit_log" else None
                )
            assert foreign == (0,), f"{table.fullname} shows rows of another tenant"
            assert changed is None or changed.rowcount == 0
            async with connection.transaction():
                await scope(connection, shop.company)
                rows = await connection.execute(f"SELECT DISTINCT tenant_id FROM {full}")
                assert {row[0] for row in await rows.fetchall()} <= {UUID(shop.company)}


@pytest.mark.parametrize("name", NAMES)
async def test_no_row_can_be_written_for_another_tenant(suite: Suite, name: str) -> None:
    async with await connect(suite, name) as connection:
        await scope(connection, new_id())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(
                f'INSERT INTO "{name}".dead_letters (id, tenant_id, handler, envelope, reason, attempts)'
                " VALUES (%s, %s, 'x', '{}', 'x', 0)",
                (new_id(), new_id()),
            )


@pytest.mark.parametrize("name", NAMES)
async def test_a_service_cannot_read_another_ones_schema(suite: Suite, name: str) -> None:
    for other in (*NAMES, "bus"):
        if other == name:
            continue
        table = "message" if other == "bus" else "outbox"
        async with await connect(suite, name) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f'SELECT 1 FROM "{other}".{table}')


async def test_the_scope_ends_with_the_transaction(suite: Suite) -> None:
    context = suite.host.contexts["crm"]
    async with context.unit_of_work(tenant_id=new_id(), platform=True):
        pass
    async with context.engine.connect() as connection:
        from sqlalchemy import text

        left = (
            await connection.execute(
                text("SELECT current_setting('app.tenant_id', true), current_setting('app.scope', true)")
            )
        ).one()
    assert all(not value for value in left)


async def test_a_missing_policy_would_be_noticed(suite: Suite) -> None:
    from sqlalchemy import create_engine

    from libs.common.db.migrate import differences

    engine = create_engine(suite.settings.sqlalchemy_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE crm.deals DISABLE ROW LEVEL SECURITY")
        planted = differences(load("crm"), connection)
        connection.rollback()
        clean = await asyncio.to_thread(differences, load("crm"), connection)
    engine.dispose()
    assert "crm.deals has no tenant isolation" in planted
    assert not clean


LISTS = (
    "/companies",
    "/contacts",
    "/leads",
    "/requests",
    "/pipelines",
    "/stages",
    "/deals",
    "/tasks",
    "/projects",
    "/memos",
    "/chat/threads",
    "/categories",
    "/products",
    "/inventory/stores",
    "/inventory/stock",
    "/inventory/movements",
    "/assigned-products",
    "/carts",
    "/orders",
    "/shipping/accounts",
    "/tax-rates",
    "/payment-accounts",
    "/payments",
    "/refunds",
    "/invoices",
    "/credit-notes",
    "/ledger/accounts",
    "/ledger/transactions",
    "/notifications",
    "/templates",
    "/deliveries",
    "/roles",
    "/users",
    "/audit-log",
)


async def test_no_list_shows_a_row_of_another_business(suite: Suite, shop: Shop) -> None:
    async with suite.client() as client:
        other = await _another_shop(suite)
        for path in LISTS:
            own = await client.get(path, headers=shop.owner, params={"limit": 200})
            assert own.status_code == 200, f"{path}: {own.text[:300]}"
            foreign = await client.get(path, headers=other, params={"limit": 200})
            assert foreign.status_code == 200, f"{path}: {foreign.text[:300]}"
            ids = {row.get("id") for row in own.json()["items"]} - {None}
            shared = ids & {row.get("id") for row in foreign.json()["items"]}
            assert not shared or path in ("/roles", "/templates"), f"{path} shows {shared} to both"
            for row_id in list(ids)[:2]:
                if path in ("/roles", "/templates"):
                    continue
                seen = await client.get(f"{path}/{row_id}", headers=other)
                assert seen.status_code in (404, 405), f"{path}/{row_id}: {seen.status_code}"


async def _another_shop(suite: Suite) -> dict[str, str]:
    import httpx
    from rich.console import Console

    from deploy.demo.story import Story

    async with httpx.AsyncClient(base_url=suite.url, timeout=30) as http:
        story = Story(http, Console(quiet=True))
        await story.a_business_registers()
        await story.staff_see_it()
        await story.the_deal_is_won()
        await story.the_owner_sets_up_shop()
        return story.owner


async def test_a_business_named_in_the_header_must_be_ones_own(suite: Suite, shop: Shop) -> None:
    other = await _another_shop(suite)
    async with suite.client() as client:
        crossed = {**shop.owner, "X-Company-Id": other["X-Company-Id"]}
        for path in ("/orders", "/products", "/deals", "/ledger/accounts"):
            refused = await client.get(path, headers=crossed)
            assert refused.status_code == 403
            assert refused.json()["slug"] == "tenant-forbidden"
        created = await client.post("/categories", headers=crossed, json={"name": "Smuggled"})
        assert created.status_code == 403
