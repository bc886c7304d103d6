"""Stores over HTTP, and the first one that every approved business gets."""

import asyncio
from typing import Any, ClassVar
from uuid import UUID

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted
from libs.common.testing.resource_suite import ResourceSuite
from libs.contracts.catalog import StoreCreated
from libs.contracts.identity import ProvisioningRequested, TenantActivated
from libs.contracts.provisioning import STEP_PROVISIONED
from services.catalog.tests.factories import adjust, product, store


class TestStores(ResourceSuite):
    """What every resource does."""

    path = "/inventory/stores"
    permission = "catalog.stores"
    create: ClassVar[dict[str, Any]] = {"name": "Back room", "address": "1 Long Street"}
    changes: ClassVar[dict[str, Any]] = {"name": "Front room"}
    emptied = "address"
    invalid = ({"name": ""}, {"code": ""}, {"is_default": "perhaps"})
    needs_active = True

    async def make(self, client: Client, n: int = 0) -> dict[str, Any]:
        """A store that is not the default, so that it may be removed."""
        if not await self.listed(client):
            await store(client)
        return await super().make(client, n)


async def defaults(client: Client) -> list[str]:
    page = await client.get("/inventory/stores", params={"is_default": True})
    return [row["name"] for row in page.json()["items"]]


async def test_the_first_store_is_the_default_and_another_can_take_its_place(client: Client) -> None:
    first = await store(client, name="First")
    assert first["is_default"] is True
    second = await store(client, name="Second", is_default=True)
    assert await defaults(client) == ["Second"]

    await client.patch(f"/inventory/stores/{first['id']}", json={"is_default": True})

    assert await defaults(client) == ["First"]
    for response in (
        await client.patch(f"/inventory/stores/{first['id']}", json={"is_default": False}),
        await client.put(f"/inventory/stores/{first['id']}", json={"name": "First"}),
        await client.delete(f"/inventory/stores/{first['id']}"),
    ):
        assert (response.status_code, response.json()["slug"]) == (409, "default-store-needed")
    assert (await client.delete(f"/inventory/stores/{second['id']}")).status_code == 204


async def test_there_is_one_default_however_many_ask_at_once(client: Client) -> None:
    await asyncio.gather(*(store(client, name=f"S{n}", is_default=True) for n in range(6)))

    assert len(await defaults(client)) == 1


async def test_a_store_with_stock_stays(client: Client) -> None:
    await store(client)
    second = await store(client, name="Second")
    variant_id = (await product(client))["variants"][0]["id"]
    await adjust(client, second["id"], variant_id, 1)

    refused = await client.delete(f"/inventory/stores/{second['id']}")
    await adjust(client, second["id"], variant_id, -1)

    assert (refused.status_code, refused.json()["slug"]) == (409, "store-not-empty")
    assert (await client.delete(f"/inventory/stores/{second['id']}")).status_code == 204
    gone = {"store_id": second["id"], "variant_id": variant_id, "quantity_delta": 1, "reason": "x"}
    assert (await client.post("/inventory/adjustments", json=gone)).status_code == 404


async def test_codes_are_unique_until_the_store_is_gone(client: Client) -> None:
    await store(client)
    coded = await store(client, code="CPT")

    refused = await client.post("/inventory/stores", json={"name": "x", "code": "CPT"})
    await client.delete(f"/inventory/stores/{coded['id']}")

    assert (refused.status_code, refused.json()["slug"]) == (409, "already-exists")
    assert (await store(client, code="CPT"))["code"] == "CPT"


async def test_an_approved_business_gets_one_default_store(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    activated = TenantActivated(
        company_id=tenant_id,
        company_name="Karoo",
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        currency="ZAR",
    )

    answers = await asyncio.gather(*(deliver(context, activated, tenant_id) for _ in range(3)))

    assert answers == [[Verdict.DONE]] * 3
    assert await defaults(client) == ["Main warehouse"]
    (event,) = await emitted(context, tenant_id, StoreCreated)
    assert event.data["is_default"] is True


async def test_the_default_store_is_confirmed_whenever_it_is_asked_for(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    about = {"company_id": tenant_id, "company_name": "Karoo", "owner_email": "owner@example.com"}
    activated = TenantActivated(owner_user_id=new_id(), currency="ZAR", provisioning_run=1, **about)
    asked = {"registration_id": new_id(), "run": 2, "product": "micro-sites", **about}
    again = ProvisioningRequested(step="default_store", **asked)
    other = ProvisioningRequested(step="default_product_of_tomorrow", **asked)

    for event in (activated, again, other):
        assert set(await deliver(context, event, tenant_id)) == {Verdict.DONE}

    assert await defaults(client) == ["Main warehouse"]
    confirmed = await emitted(context, tenant_id, STEP_PROVISIONED["catalog"])
    assert [(e.data["step"], e.data["run"]) for e in confirmed] == [
        ("default_store", 1),
        ("default_store", 2),
    ]
