"""Shipping accounts and what they charge."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.ids import new_id
from libs.common.testing.actors import guest, user
from services.orders.shipping.models import ShippingMethod
from services.orders.shipping.providers.base import Parcel
from services.orders.shipping.providers.table import TableProvider
from services.orders.tests.shop import ADDRESS, GUEST, Shop, ok, refused, zar

STANDARD = {"name": "Standard", "amount": zar(5000)}
BODY = {"provider": "table", "name": "Own delivery", "rates": [STANDARD]}


async def test_rates_keep_their_ids_while_they_are_listed(shop: Shop) -> None:
    account = ok(await shop.client.post("/shipping/accounts", json=BODY), 201)
    path, rate = f"/shipping/accounts/{account['id']}", account["rates"][0]
    express = {"name": "Express", "amount": zar(9000), "free_from": zar(100000), "country": "ZA"}
    changed = ok(
        await shop.client.patch(
            path, json={"rates": [express, {**STANDARD, "id": rate["id"], "amount": zar(5500)}]}
        )
    )
    assert [(r["name"], r["amount"]) for r in changed["rates"]] == [
        ("Express", zar(9000)),
        ("Standard", zar(5500)),
    ]
    assert changed["rates"][1]["id"] == rate["id"]
    assert ok(await shop.client.patch(path, json={"name": "Van"}))["rates"] == changed["rates"]
    assert ok(await shop.client.put(path, json={**BODY, "rates": []}))["rates"] == []
    stale = await shop.client.patch(path, json={"rates": [{**STANDARD, "id": rate["id"]}]})
    refused(stale, 422, "validation-failed")
    assert ok(await shop.client.get(path))["name"] == "Own delivery"
    assert [a["id"] for a in ok(await shop.client.get("/shipping/accounts"))["items"]] == [account["id"]]
    assert (await shop.client.delete(path)).status_code == 204
    refused(await shop.client.get(path), 404, "not-found")


async def test_a_removed_account_is_offered_no_more(shop: Shop) -> None:
    account = ok(await shop.client.post("/shipping/accounts", json=BODY), 201)
    cart = await shop.ready(method=account["rates"][0]["id"])

    await shop.client.delete(f"/shipping/accounts/{account['id']}")

    assert ok(await shop.client.get("/shipping/methods", params={"cart_id": cart["id"]}))["items"] == []
    assert ok(await shop.client.get(f"/carts/{cart['id']}"))["shipping"] is None
    refused(await shop.check_out(cart), 422, "unknown-shipping-method")


async def test_methods_are_those_that_take_the_cart_cheapest_first(shop: Shop) -> None:
    rates = [
        {"name": "Courier", "amount": zar(9000)},
        {"name": "Post", "amount": zar(3000), "weight_max_g": 800},
        {"name": "Light", "amount": zar(1000), "weight_max_g": 799},
        {"name": "Abroad", "amount": zar(100), "country": "NA"},
        {"name": "Free", "amount": zar(9900), "free_from": zar(39800)},
        {"name": "Dollars", "amount": {"amount": 1, "currency": "USD"}},
    ]
    ok(await shop.client.post("/shipping/accounts", json={**BODY, "rates": rates}), 201)
    variant = shop.shelf.add(price=19900, weight_g=400)
    cart = await shop.ready((variant, 2))

    methods = ok(await shop.client.get("/shipping/methods", params={"cart_id": cart["id"]}))["items"]
    body = {"address": ADDRESS, "currency": "ZAR", "items": [{"variant_id": variant, "quantity": 2}]}
    quoted = ok(await shop.client.post("/shipping/rates", json=body))["items"]

    assert [(m["name"], m["amount"]["amount"]) for m in methods] == [
        ("Free", 0),
        ("Post", 3000),
        ("Standard", 5000),
        ("Courier", 9000),
    ]
    assert quoted == methods
    unknown = {**body, "items": [{"variant_id": str(new_id()), "quantity": 1}]}
    refused(await shop.client.post("/shipping/rates", json=unknown), 422, "unknown-variant")
    refused(
        await shop.client.post("/shipping/rates", json={**body, "currency": "USD"}), 422, "currency-mismatch"
    )


@given(
    weight=st.integers(0, 5000),
    subtotal=st.integers(0, 5000),
    low=st.integers(0, 5000),
    high=st.integers(0, 5000),
)
async def test_a_rate_takes_exactly_the_weights_between_its_bounds(
    weight: int, subtotal: int, low: int, high: int
) -> None:
    method = ShippingMethod(
        id=new_id(),
        account_id=new_id(),
        name="x",
        amount=10,
        currency="ZAR",
        weight_min_g=low,
        weight_max_g=high,
        free_amount=high,
    )

    quotes = await TableProvider().quotes([method], Parcel(weight, subtotal, "ZAR", None))

    assert bool(quotes) == (low <= weight <= high)
    assert all(quote.amount == (0 if subtotal >= high else 10) for quote in quotes)


@pytest.mark.parametrize(
    "change",
    [
        {"provider": "pigeon"},
        {"name": ""},
        {"surprise": 1},
        {"rates": [{"name": "x"}]},
        {"rates": [{"name": "x", "amount": zar(-1)}]},
        {"rates": [{**STANDARD, "weight_min_g": 2, "weight_max_g": 1}]},
        {"rates": [{**STANDARD, "free_from": {"amount": 1, "currency": "USD"}}]},
        {"rates": [{**STANDARD, "amount": {"amount": 1.5, "currency": "ZAR"}}]},
    ],
)
async def test_bad_input_is_refused(shop: Shop, change: dict) -> None:
    refused(await shop.client.post("/shipping/accounts", json={**BODY, **change}), 422, "validation-failed")
    assert ok(await shop.client.get("/shipping/accounts"))["items"] == []


async def test_who_may_not(shop: Shop, other_tenant_id: UUID) -> None:
    account = ok(await shop.client.post("/shipping/accounts", json=BODY), 201)
    path = f"/shipping/accounts/{account['id']}"

    for anyone in (None, guest(shop.tenant_id, *GUEST)):
        assert (await shop.client.acting(anyone).get("/shipping/accounts")).status_code == 401
    reader = shop.client.acting(user(shop.tenant_id, "orders.shipping_accounts.read"))
    refused(await reader.post("/shipping/accounts", json=BODY), 403, "permission-denied")
    pending = shop.client.acting(user(shop.tenant_id, tenant_status="pending"))
    refused(await pending.post("/shipping/accounts", json=BODY), 403, "tenant-not-active")
    stranger = shop.client.acting(user(other_tenant_id))
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("PUT", BODY), ("DELETE", None)):
        refused(await stranger.request(method, path, json=body), 404, "not-found")
    refused(await shop.client.get("/shipping/methods"), 422, "validation-failed")


async def test_an_old_version_is_refused(shop: Shop) -> None:
    account = ok(await shop.client.post("/shipping/accounts", json=BODY), 201)
    path = f"/shipping/accounts/{account['id']}"
    etag = (await shop.client.get(path)).headers["etag"]
    ok(await shop.client.patch(path, json={"name": "Van"}))

    response = await shop.client.patch(path, json={"name": "Bike"}, headers={"If-Match": etag})

    refused(response, 412, "precondition-failed")
