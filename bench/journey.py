"""What a shopper does, call by call, as the load generator plays it."""

import uuid
from typing import Any

from bench.client import Connection

ADDRESS = {
    "name": "Thandi Dube",
    "line1": "12 Long Street",
    "city": "Cape Town",
    "postal_code": "8001",
    "country": "ZA",
}


async def fill(connection: Connection, shop: dict[str, Any]) -> dict[str, Any]:
    """A guest's cart with two items, an address and a shipping method: five calls."""
    headers = f"X-Company-Id: {shop['tenant_id']}\r\n"
    body = {"currency": "ZAR"}
    cart = (await connection.request("POST", "/api/v1/carts", headers.encode(), body, expect=201)).json()
    guest = f"{headers}X-Cart-Token: {cart['token']}\r\n".encode()
    path = f"/api/v1/carts/{cart['id']}"
    for variant in shop["variants"]:
        line = {"variant_id": variant, "quantity": 2}
        await connection.request("POST", f"{path}/items", guest, line, expect=201)
    await connection.request("PUT", f"{path}/address", guest, ADDRESS, expect=200)
    chosen = {"method_id": shop["method_id"]}
    await connection.request("PUT", f"{path}/shipping", guest, chosen, expect=200)
    return {"id": cart["id"], "token": cart["token"], "tenant_id": shop["tenant_id"]}


async def check_out(connection: Connection, cart: dict[str, Any]) -> dict[str, Any]:
    """The one call that makes an order of a cart."""
    headers = f"X-Company-Id: {cart['tenant_id']}\r\nX-Cart-Token: {cart['token']}\r\nIdempotency-Key: {uuid.uuid4()}\r\n"
    answer = await connection.request(
        "POST",
        f"/api/v1/carts/{cart['id']}/checkout",
        headers.encode(),
        {"email": "thandi@example.com"},
        expect=201,
    )
    order: dict[str, Any] = answer.json()
    return {"id": order["id"], "tenant_id": cart["tenant_id"]}


async def whole(connection: Connection, shop: dict[str, Any]) -> dict[str, Any]:
    """From nothing to an order: six calls."""
    return await check_out(connection, await fill(connection, shop))
