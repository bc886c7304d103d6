"""Suppliers over HTTP."""

from collections.abc import Callable
from typing import Any, ClassVar

import psycopg
import pytest

from libs.common.db.migrate import migrate
from libs.common.ids import new_id
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.plugin import one_at_a_time
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.features import SUPPLIERS
from services.catalog.manifest import SERVICE
from services.catalog.tests.factories import created

WHOLE: dict[str, Any] = {
    "name": "Karoo Roasters",
    "code": "KAR-1",
    "tax_number": "4123456789",
    "contact_name": "Naledi Zulu",
    "email": "naledi@karoo.example",
    "phone": "+27215550100",
    "website": "https://karoo.example",
    "address": "1 Long Street",
    "country": "ZA",
    "currency": "ZAR",
    "payment_terms_days": 30,
    "lead_time_days": 7,
    "notes": "Closed in June",
    "is_active": True,
    "external_id": "ms-1",
}


class TestSuppliers(ResourceSuite):
    """What every resource does."""

    path = "/suppliers"
    permission = "catalog.suppliers"
    create: ClassVar[dict[str, Any]] = {"name": "Karoo Roasters", "contact_name": "Naledi Zulu"}
    changes: ClassVar[dict[str, Any]] = {"name": "Namib Roasters", "lead_time_days": 3}
    emptied = "contact_name"
    invalid = (
        {"name": ""},
        {"code": ""},
        {"email": "nobody"},
        {"currency": "XXX"},
        {"country": "South Africa"},
        {"country": "ZZ"},
        {"payment_terms_days": -1},
        {"lead_time_days": 7.5},
        {"is_active": "perhaps"},
    )
    needs_active = True


async def test_all_that_is_said_of_a_supplier_is_kept(client: Client) -> None:
    made = await created(client, "/suppliers", WHOLE)

    assert {name: made[name] for name in WHOLE} == WHOLE
    least = (await client.put(f"/suppliers/{made['id']}", json={"name": "Karoo"})).json()
    assert {name for name in WHOLE if least[name] is not None} == {"name", "is_active"}


async def test_codes_and_outside_ids_are_unique_until_the_supplier_is_gone(client: Client) -> None:
    first = await created(client, "/suppliers", WHOLE)
    second = await created(client, "/suppliers", {"name": "Another"})

    for field in ("code", "external_id"):
        again = {"name": "Third", field: WHOLE[field]}
        for response in (
            await client.post("/suppliers", json=again),
            await client.patch(f"/suppliers/{second['id']}", json=again),
        ):
            problem = response.json()
            assert (response.status_code, problem["slug"], problem["field"]) == (409, "already-exists", field)
    assert (await client.put(f"/suppliers/{first['id']}", json=WHOLE)).status_code == 200
    assert (await client.delete(f"/suppliers/{first['id']}")).status_code == 204
    assert (await created(client, "/suppliers", WHOLE))["code"] == WHOLE["code"]


async def test_codes_that_differ_by_case_alone_are_the_same(client: Client) -> None:
    first = await created(client, "/suppliers", {"name": "Acme", "code": "ACME"})
    second = await created(client, "/suppliers", {"name": "Another"})

    for response in (
        await client.post("/suppliers", json={"name": "Third", "code": "acme"}),
        await client.patch(f"/suppliers/{second['id']}", json={"code": "Acme"}),
    ):
        assert (response.status_code, response.json().get("field")) == (409, "code"), response.text
    renamed = await client.patch(f"/suppliers/{first['id']}", json={"code": "acme"})
    assert (renamed.status_code, renamed.json()["code"]) == (200, "acme")


def test_codes_that_differed_by_case_alone_before_are_kept_apart(
    fresh_database: Callable[..., CommonSettings],
) -> None:
    settings, tenant, other = fresh_database(SERVICE), new_id(), new_id()
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("DROP INDEX catalog.uq_suppliers_code_in_any_case")
        connection.execute("ALTER TABLE catalog.idempotency_keys DROP COLUMN content_hash")
        connection.execute("UPDATE catalog.alembic_version SET version_num = '0008'")
        ids = [new_id() for _ in range(4)]
        long = "X" * 50
        for number, (whose, code, gone) in enumerate(
            [(tenant, "ACME", False), (tenant, "acme", False), (tenant, "Acme", True), (other, "acme", False)]
        ):
            connection.execute(
                "INSERT INTO catalog.suppliers (tenant_id, id, name, code, created_at, deleted_at)"
                " VALUES (%s, %s, 'Acme', %s, now() + %s * interval '1 s', CASE WHEN %s THEN now() END)",
                (whose, ids[number], code, number, gone),
            )
        for code in (long, long.lower()):
            connection.execute(
                "INSERT INTO catalog.suppliers (tenant_id, id, name, code) VALUES (%s, %s, 'X', %s)",
                (other, new_id(), code),
            )
        with one_at_a_time():
            migrate([SERVICE], settings)
        rows = connection.execute("SELECT id, code FROM catalog.suppliers").fetchall()

    codes = dict(rows)
    assert [codes[i] for i in ids[:4]] == ["ACME", f"acme-{str(ids[1])[-8:]}", "Acme", "acme"]
    assert all(len(code) <= 50 for code in codes.values())


async def test_suppliers_are_found(client: Client) -> None:
    karoo = await created(client, "/suppliers", WHOLE)
    namib = await created(client, "/suppliers", {"name": "Namib", "currency": "EUR", "is_active": False})

    async def found(**query: Any) -> list[str]:
        page = await client.get("/suppliers", params=query)
        assert page.status_code == 200, page.text
        return [row["id"] for row in page.json()["items"]]

    for query in (
        {"q": "naledi"},
        {"q": "KAR-1"},
        {"code": "KAR-1"},
        {"external_id": "ms-1"},
        {"is_active": True},
        {"currency": "ZAR"},
    ):
        assert await found(**query) == [karoo["id"]], query
    assert await found(order="name") == [karoo["id"], namib["id"]]


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_without_the_feature_suppliers_are_seen_and_not_changed(client: Client, method: str) -> None:
    made = await created(client, "/suppliers", {"name": "Karoo"})
    assert client.actor is not None
    small = client.acting(user(client.actor.tenant_id, features=frozenset(), plan="free"))
    path = "/suppliers" if method == "POST" else f"/suppliers/{made['id']}"

    refused = await small.request(method, path, json=None if method == "DELETE" else {"name": "x"})

    problem = refused.json()
    assert (refused.status_code, problem["slug"]) == (403, "feature-not-in-plan")
    assert (problem["feature"], problem["plan"]) == (SUPPLIERS, "free")
    assert (await small.get(f"/suppliers/{made['id']}")).json() == made
