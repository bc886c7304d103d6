"""What guests and clients see of the products."""

from dataclasses import replace
from uuid import UUID

import pytest

from libs.common.actor import Actor
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.catalog.tests.factories import product

READ = "catalog.products.read"


def shoppers(tenant_id: UUID) -> list[Actor]:
    """A guest, a client, and a visitor without any role."""
    client = user(tenant_id, READ, roles=("client",))
    return [guest(tenant_id, READ), client, replace(client, roles=())]


async def test_shoppers_see_active_products_only(client: Client, tenant_id: UUID) -> None:
    products = {status: await product(client, status=status) for status in ("draft", "active", "archived")}

    for actor in shoppers(tenant_id):
        shop = client.acting(actor)
        assert [row["id"] for row in (await shop.get("/products")).json()["items"]] == [
            products["active"]["id"]
        ]
        asked = await shop.get("/products", params={"status": "draft", "facets": True})
        assert asked.json()["items"] == []
        for status, one in products.items():
            expected = 200 if status == "active" else 404
            for path in ("", "/media", "/variants", f"/variants/{one['variants'][0]['id']}"):
                assert (await shop.get(f"/products/{one['id']}{path}")).status_code == expected


@pytest.mark.parametrize("status", ["pending", "suspended"])
async def test_shoppers_see_nothing_of_a_business_that_is_not_active(
    client: Client, tenant_id: UUID, status: str
) -> None:
    one = await product(client)

    for actor in shoppers(tenant_id):
        shop = client.acting(replace(actor, tenant_status=status))
        assert (await shop.get("/products")).json()["items"] == []
        assert (await shop.get(f"/products/{one['id']}")).status_code == 404


async def test_staff_see_everything(client: Client, tenant_id: UUID) -> None:
    for status in ("draft", "active", "archived"):
        await product(client, status=status)
    support = client.acting(user(tenant_id, READ, roles=("support", "client")))

    assert len((await support.get("/products")).json()["items"]) == 3


async def test_shoppers_change_nothing(client: Client, tenant_id: UUID) -> None:
    one = await product(client)
    body = {"name": "x"}

    for actor in shoppers(tenant_id):
        shop = client.acting(actor)
        for method, path in (("POST", "/products"), ("PATCH", f"/products/{one['id']}")):
            assert (await shop.request(method, path, json=body)).status_code in (401, 403)
        assert (await shop.get("/inventory/stock")).status_code in (401, 403)
