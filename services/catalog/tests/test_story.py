"""The catalog's part of the main story."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.contracts.identity import TenantActivated
from services.catalog.tests.factories import created, level


async def test_the_owner_sets_up_shop_and_stock_is_reserved(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    activated = TenantActivated(
        company_id=tenant_id,
        company_name="Karoo",
        owner_user_id=new_id(),
        owner_email="owner@example.com",
        currency="ZAR",
    )
    await deliver(context, activated, tenant_id)
    category = await created(client, "/categories", {"name": "Mugs"})
    product = await created(
        client,
        "/products",
        {
            "name": "Enamel mug",
            "description": "Blue",
            "type": "goods",
            "category_id": category["id"],
            "status": "active",
            "variants": [
                {
                    "sku": "MUG-L",
                    "price": {"amount": 19900, "currency": "ZAR"},
                    "options": {"size": "L"},
                    "weight_g": 400,
                }
            ],
        },
    )
    assert product["slug"] == "enamel-mug"
    variant_id = product["variants"][0]["id"]
    stores = (await client.get("/inventory/stores")).json()["items"]
    assert [(s["name"], s["is_default"]) for s in stores] == [("Main warehouse", True)]
    adjustment = {"store_id": stores[0]["id"], "variant_id": variant_id, "quantity_delta": 100}
    made = await created(client, "/inventory/adjustments", adjustment | {"reason": "opening"})
    assert made["type"] == "opening"

    orders = client.acting(system_actor("orders", tenant_id))
    found = (await orders.post("/internal/variants/lookup", json={"variant_ids": [variant_id]})).json()
    assert found["items"][0]["name"] == "Enamel mug (L)"
    reserved = await orders.put(
        f"/internal/reservations/{new_id()}",
        json={
            "lines": [{"variant_id": variant_id, "quantity": 2}],
            "expires_at": (datetime.now(UTC) + timedelta(minutes=15)).isoformat(),
        },
    )
    assert reserved.status_code == 200, reserved.text
    assert reserved.json()["lines"] == [
        {"variant_id": variant_id, "store_id": stores[0]["id"], "quantity": 2}
    ]
    assert await level(client, variant_id) == (100, 2, 0, 98)
