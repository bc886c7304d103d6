"""Rows that several tests need, made over HTTP."""

from typing import Any

from libs.common.ids import new_id
from libs.common.testing.client import Client


async def created(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What a POST made."""
    response = await client.post(path, json=body)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def variant_body(**fields: Any) -> dict[str, Any]:
    """A variant with an SKU of its own."""
    return {"sku": f"SKU-{new_id()}", "price": {"amount": 19900, "currency": "ZAR"}} | fields


async def product(client: Client, *variants: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An active product, with one variant unless some are given."""
    body = {"name": "Enamel mug", "status": "active", "variants": list(variants) or [variant_body()]}
    return await created(client, "/products", body | fields)


async def store(client: Client, **fields: Any) -> dict[str, Any]:
    """A store; the first one of a business is its default."""
    return await created(client, "/inventory/stores", {"name": "Main warehouse"} | fields)


async def stocked(
    client: Client, quantity: int, *, store_id: str | None = None, **fields: Any
) -> tuple[str, str]:
    """A variant with so many pieces in a store: the ids of both."""
    place = store_id or (await store(client))["id"]
    variant_id = (await product(client, variant_body(**fields)))["variants"][0]["id"]
    if quantity:
        await adjust(client, place, variant_id, quantity)
    return variant_id, place


async def adjust(client: Client, store_id: str, variant_id: str, delta: int) -> dict[str, Any]:
    """A movement made by hand."""
    body = {"store_id": store_id, "variant_id": variant_id, "quantity_delta": delta, "reason": "opening"}
    return await created(client, "/inventory/adjustments", body)


async def level(client: Client, variant_id: str, store_id: str | None = None) -> tuple[int, int, int, int]:
    """(on hand, reserved, allocated, available) of a variant, over all stores unless one is named."""
    params = {"variant_id": variant_id} | ({"store_id": store_id} if store_id else {})
    rows = (await client.get("/inventory/stock", params=params)).json()["items"]
    names = ("on_hand", "reserved", "allocated", "available")
    found = tuple(sum(row[name] for row in rows) for name in names)
    return found[0], found[1], found[2], found[3]
