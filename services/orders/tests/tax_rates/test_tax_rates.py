"""Tax rates over HTTP, and what they do to carts and orders."""

from uuid import UUID

import pytest

from libs.common.testing.actors import user
from libs.common.testing.events import emitted
from libs.contracts.orders import OrderPlaced
from services.orders.tests.shop import Shop, ok, refused, zar

VAT = {"name": "VAT", "country": "ZA", "rate_ppm": 150_000}


async def test_a_rate_is_created_read_changed_and_removed(shop: Shop) -> None:
    rate = ok(await shop.client.post("/tax-rates", json=VAT), 201)
    path = f"/tax-rates/{rate['id']}"

    assert (rate["tax_class"], rate["inclusive"]) == ("standard", False)
    assert ok(await shop.client.get(path)) == rate
    assert ok(await shop.client.patch(path, json={"rate_ppm": 155_000}))["name"] == "VAT"
    assert ok(await shop.client.put(path, json={**VAT, "inclusive": True}))["inclusive"] is True
    refused(await shop.client.post("/tax-rates", json=VAT), 409, "already-exists")
    assert [r["id"] for r in ok(await shop.client.get("/tax-rates", params={"country": "ZA"}))["items"]] == [
        rate["id"]
    ]
    assert (await shop.client.delete(path)).status_code == 204
    refused(await shop.client.get(path), 404, "not-found")


@pytest.mark.parametrize("inclusive", [False, True])
async def test_tax_is_that_of_the_address_and_the_class(shop: Shop, inclusive: bool) -> None:
    ok(await shop.client.post("/tax-rates", json={**VAT, "inclusive": inclusive}), 201)
    ok(await shop.client.post("/tax-rates", json={**VAT, "country": "NA", "rate_ppm": 900_000}), 201)
    taxed, free = shop.shelf.add(price=11500), shop.shelf.add(price=1000, tax_class="zero")
    cart = await shop.ready((taxed, 2), (free, 1))
    tax = (zar(0), zar(3000)) if inclusive else (zar(3450), zar(0))

    order = ok(await shop.check_out(cart), 201)

    totals = order["totals"]
    assert (totals["tax"], totals["tax_included"]) == tax
    assert totals == cart["totals"]
    assert totals["total"]["amount"] == 24000 + 5000 + tax[0]["amount"]
    assert [(i["tax"], i["tax_included"]) for i in order["items"]] == [tax, (zar(0), zar(0))]


async def test_the_facts_of_an_order_say_how_much_tax_prices_contain(shop: Shop) -> None:
    for tax_class in ("standard", "shipping"):
        ok(await shop.client.post("/tax-rates", json={**VAT, "tax_class": tax_class, "inclusive": True}), 201)
    ok(await shop.client.post("/tax-rates", json={**VAT, "tax_class": "levy", "rate_ppm": 10_000}), 201)
    method = await shop.method(5750)
    cart = await shop.ready(
        (shop.shelf.add(price=11500), 2), (shop.shelf.add(price=1000, tax_class="levy"), 1), method=method
    )

    order = ok(await shop.check_out(cart), 201)

    assert (order["totals"]["tax"], order["totals"]["tax_included"]) == (zar(10), zar(3750))
    (placed,) = await emitted(shop.context, shop.tenant_id, OrderPlaced)
    assert placed.data["totals"] == order["totals"]
    assert [line["tax_included"] for line in placed.data["lines"]] == [zar(3000), zar(0)]


async def test_a_changed_rate_holds_for_carts_and_not_for_orders(shop: Shop) -> None:
    rate = ok(await shop.client.post("/tax-rates", json=VAT), 201)
    variant, method = shop.shelf.add(price=1000), await shop.method(0)
    order = ok(await shop.check_out(await shop.ready((variant, 1), method=method)), 201)
    cart = await shop.ready((variant, 1), method=method)

    ok(await shop.client.patch(f"/tax-rates/{rate['id']}", json={"rate_ppm": 200_000}))

    assert ok(await shop.client.get(f"/carts/{cart['id']}"))["totals"]["tax"] == zar(200)
    assert (await shop.order(order))["totals"]["tax"] == zar(150)


@pytest.mark.parametrize(
    "change",
    [
        {"rate_ppm": -1},
        {"rate_ppm": 1_000_001},
        {"rate_ppm": 0.15},
        {"country": "za"},
        {"country": "ZZ"},
        {"tax_class": "A B"},
    ],
)
async def test_bad_input_is_refused(shop: Shop, change: dict) -> None:
    refused(await shop.client.post("/tax-rates", json={**VAT, **change}), 422, "validation-failed")


async def test_who_may_not(shop: Shop, other_tenant_id: UUID) -> None:
    rate = ok(await shop.client.post("/tax-rates", json=VAT), 201)
    path = f"/tax-rates/{rate['id']}"

    refused(await shop.client.acting(None).get("/tax-rates"), 401, "unauthenticated")
    reader = shop.client.acting(user(shop.tenant_id, "orders.tax_rates.read"))
    refused(await reader.post("/tax-rates", json=VAT), 403, "permission-denied")
    stranger = shop.client.acting(user(other_tenant_id))
    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("PUT", VAT), ("DELETE", None)):
        refused(await stranger.request(method, path, json=body), 404, "not-found")
