"""Carts over HTTP."""

import asyncio
from uuid import UUID

import pytest

from libs.common.ids import new_id
from libs.common.money import MAX_PRICE
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.orders.carts.jobs import abandon_carts
from services.orders.tests.shop import ADDRESS, GUEST, Shop, customer, ok, refused, token, zar


async def add(client: Client, cart: dict, variant_id: str, quantity: int = 1) -> dict:
    """A cart with so many more of a variant."""
    body = {"variant_id": variant_id, "quantity": quantity}
    return ok(await client.post(f"/carts/{cart['id']}/items", json=body, headers=token(cart)), 201)


async def test_the_same_variant_adds_up_and_totals_follow(shop: Shop) -> None:
    shirt, mug = shop.shelf.add(price=19900), shop.shelf.add(price=5000)
    cart = await shop.cart()

    await add(shop.client, cart, shirt, 2)
    await add(shop.client, cart, mug, 1)
    shown = await add(shop.client, cart, shirt, 3)

    assert [(i["variant_id"], i["quantity"]) for i in shown["items"]] == [(shirt, 5), (mug, 1)]
    assert [i["total"] for i in shown["items"]] == [zar(99500), zar(5000)]
    assert shown["totals"]["subtotal"] == shown["totals"]["total"] == zar(104500)
    assert "token" not in shown
    assert ok(await shop.client.get(f"/carts/{cart['id']}")) == shown


async def test_a_line_is_changed_and_taken_out(shop: Shop) -> None:
    cart = await shop.cart()
    shown = await add(shop.client, cart, shop.shelf.add(price=100), 2)
    path = f"/carts/{cart['id']}/items/{shown['items'][0]['id']}"

    assert ok(await shop.client.patch(path, json={"quantity": 7}))["totals"]["total"] == zar(700)
    assert ok(await shop.client.delete(path))["items"] == []
    refused(await shop.client.delete(path), 404, "not-found")


async def test_concurrent_adds_of_one_variant_all_count(shop: Shop) -> None:
    variant, cart = shop.shelf.add(), await shop.cart()

    await asyncio.gather(*(add(shop.client, cart, variant) for _ in range(5)))

    (item,) = ok(await shop.client.get(f"/carts/{cart['id']}"))["items"]
    assert item["quantity"] == 5


async def test_what_is_not_for_sale_is_refused(shop: Shop) -> None:
    cart = await shop.cart()
    path = f"/carts/{cart['id']}/items"
    for variant in (
        str(new_id()),
        shop.shelf.add(status="draft"),
        _priceless(shop),
    ):
        problem = refused(await shop.client.post(path, json={"variant_id": variant}), 422, "unknown-variant")
        assert problem["variant_ids"] == [variant]
    dollars = shop.shelf.add()
    shop.shelf.variants[dollars]["price"] = {"amount": 100, "currency": "USD"}
    refused(await shop.client.post(path, json={"variant_id": dollars}), 422, "currency-mismatch")
    assert ok(await shop.client.get(f"/carts/{cart['id']}"))["items"] == []


def _priceless(shop: Shop) -> str:
    variant = shop.shelf.add()
    shop.shelf.variants[variant]["price"] = None
    return variant


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, 1.5, "2", True, None, 2**70])
async def test_a_quantity_that_is_none_is_refused(shop: Shop, quantity: object) -> None:
    cart, variant = await shop.cart(), shop.shelf.add()

    response = await shop.client.post(
        f"/carts/{cart['id']}/items", json={"variant_id": variant, "quantity": quantity}
    )

    refused(response, 422, "validation-failed")


async def test_lines_and_totals_have_an_upper_bound(shop: Shop) -> None:
    cart, dear = await shop.cart(), shop.shelf.add(price=MAX_PRICE)
    path = f"/carts/{cart['id']}/items"
    await add(shop.client, cart, dear, 1_000_000)

    refused(await shop.client.post(path, json={"variant_id": dear}), 422, "quantity-too-large")
    also = shop.shelf.add(price=MAX_PRICE)
    body = {"variant_id": also, "quantity": 1_000_000}
    refused(await shop.client.post(path, json=body), 422, "totals-too-large")
    assert len(ok(await shop.client.get(f"/carts/{cart['id']}"))["items"]) == 1


async def test_null_empties_a_field_and_absent_leaves_it(shop: Shop) -> None:
    cart = await shop.cart(note="Gift", email="ann@example.com")

    changed = ok(await shop.client.patch(f"/carts/{cart['id']}", json={"note": None}))

    assert (changed["note"], changed["email"]) == (None, "ann@example.com")


async def test_a_change_of_a_cart_that_changed_meanwhile_is_refused(shop: Shop) -> None:
    cart = await shop.cart()
    path = f"/carts/{cart['id']}"
    old = {"If-Match": (await shop.client.get(path)).headers["etag"]}
    changed = await shop.client.patch(path, json={"note": "Gift"}, headers=old)
    assert ok(changed)["note"] == "Gift"

    for method, where, body in (
        ("PATCH", path, {"note": "x"}),
        ("PUT", path, {"currency": "ZAR"}),
        ("POST", f"{path}/items", {"variant_id": shop.shelf.add()}),
        ("DELETE", path, None),
    ):
        response = await shop.client.request(method, where, json=body, headers=old)
        assert refused(response, 412, "precondition-failed")["current_version"] == cart["version"] + 1

    now = {"If-Match": changed.headers["etag"]}
    assert (await shop.client.delete(path, headers=now)).status_code == 204


async def test_replacing_empties_what_is_not_sent_and_keeps_the_currency(shop: Shop) -> None:
    cart = await shop.cart(note="Gift", email="ann@example.com")
    path = f"/carts/{cart['id']}"

    changed = ok(await shop.client.put(path, json={"currency": "ZAR", "note": "Ring twice"}))
    assert (changed["note"], changed["email"]) == ("Ring twice", None)
    problem = refused(await shop.client.put(path, json={"currency": "USD"}), 422, "currency-mismatch")
    assert problem["currency"] == "ZAR"
    refused(await shop.client.put(path, json={"note": "x"}), 422, "validation-failed")
    assert ok(await shop.client.get(path))["note"] == "Ring twice"


async def test_a_guest_needs_the_token_of_the_cart(shop: Shop) -> None:
    cart, other = await shop.cart(shop.guest), await shop.cart(shop.guest)
    path, variant = f"/carts/{cart['id']}", shop.shelf.add()
    calls = [
        ("GET", path, None),
        ("PATCH", path, {"note": "x"}),
        ("PUT", path, {"currency": "ZAR"}),
        ("DELETE", path, None),
        ("POST", f"{path}/items", {"variant_id": variant}),
        ("PUT", f"{path}/address", ADDRESS),
        ("PUT", f"{path}/shipping", {"method_id": str(new_id())}),
        ("GET", f"/shipping/methods?cart_id={cart['id']}", None),
    ]

    for headers in ({}, {"X-Cart-Token": "wrong"}, token(other)):
        for method, where, body in calls:
            response = await shop.guest.request(method, where, json=body, headers=headers)
            assert refused(response, 404, "not-found")
        checkout = await shop.guest.post(
            f"{path}/checkout", json={"email": "a@example.com"}, headers={**headers, "Idempotency-Key": "k"}
        )
        refused(checkout, 404, "not-found")
    assert ok(await shop.guest.get(path, headers=token(cart)))["id"] == cart["id"]
    assert ok(await shop.guest.get("/carts"))["items"] == []
    listed = ok(await shop.guest.get("/carts", headers=token(cart)))["items"]
    assert [row["id"] for row in listed] == [cart["id"]]


async def test_a_client_sees_his_own_carts_and_staff_see_all(shop: Shop) -> None:
    ann = shop.client.acting(customer(shop.tenant_id))
    ben = shop.client.acting(customer(shop.tenant_id))
    cart = await shop.cart(ann)

    assert ok(await ann.get(f"/carts/{cart['id']}"))["customer_user_id"] == str(ann.actor.user_id)
    refused(await ben.get(f"/carts/{cart['id']}"), 404, "not-found")
    assert ok(await ben.get("/carts"))["items"] == []
    assert [c["id"] for c in ok(await shop.client.get("/carts"))["items"]] == [cart["id"]]


async def test_a_guest_cart_is_claimed_at_sign_in(shop: Shop) -> None:
    variant, ann = shop.shelf.add(), shop.client.acting(customer(shop.tenant_id))
    cart = await shop.cart(shop.guest)
    await add(shop.guest, cart, variant, 2)
    path = f"/carts/{cart['id']}/claim"

    refused(await ann.post(path), 404, "not-found")
    refused(await shop.guest.post(path, headers=token(cart)), 401, "unauthenticated")
    claimed = ok(await ann.post(path, headers=token(cart)))

    assert (claimed["id"], claimed["customer_user_id"]) == (cart["id"], str(ann.actor.user_id))
    assert ok(await ann.post(path, headers=token(cart)))["items"] == claimed["items"]
    refused(await shop.guest.get(f"/carts/{cart['id']}", headers=token(cart)), 404, "not-found")
    thief = shop.client.acting(customer(shop.tenant_id))
    refused(await thief.post(path, headers=token(cart)), 404, "not-found")


async def test_a_cart_of_a_user_cannot_be_claimed_by_another(shop: Shop) -> None:
    cart = await shop.cart(shop.client.acting(customer(shop.tenant_id)))
    thief = shop.client.acting(customer(shop.tenant_id))

    refused(await thief.post(f"/carts/{cart['id']}/claim", headers=token(cart)), 404, "not-found")


async def test_a_claimed_cart_merges_into_the_open_one(shop: Shop) -> None:
    shirt, mug = shop.shelf.add(price=100), shop.shelf.add(price=10)
    ann = shop.client.acting(customer(shop.tenant_id))
    mine, found = await shop.cart(ann), await shop.cart(shop.guest)
    await add(ann, mine, shirt, 1)
    await add(shop.guest, found, shirt, 2)
    await add(shop.guest, found, mug, 1)
    path = f"/carts/{found['id']}/claim"

    merged, again = await asyncio.gather(*(ann.post(path, headers=token(found)) for _ in range(2)))

    assert ok(merged)["id"] == ok(again)["id"] == mine["id"]
    shown = ok(await ann.get(f"/carts/{mine['id']}"))
    assert {i["variant_id"]: i["quantity"] for i in shown["items"]} == {shirt: 3, mug: 1}
    assert [c["id"] for c in ok(await ann.get("/carts"))["items"]] == [mine["id"]]
    response = await ann.post(f"/carts/{found['id']}/items", json={"variant_id": mug})
    refused(response, 409, "cart-not-open")


async def test_an_idle_cart_is_abandoned_until_somebody_comes_back(shop: Shop) -> None:
    cart, variant = await shop.cart(), shop.shelf.add()
    path = f"/carts/{cart['id']}"
    shop.clock.advance(days=31)

    await shop.run(abandon_carts)

    assert ok(await shop.client.get(path))["status"] == "abandoned"
    assert (await add(shop.client, cart, variant))["status"] == "open"
    await shop.run(abandon_carts)
    assert ok(await shop.client.get(path))["status"] == "open"


async def test_shipping_that_no_longer_fits_is_not_charged(shop: Shop) -> None:
    method = await shop.method(5000, weight_max_g=1000)
    variant = shop.shelf.add(price=100, weight_g=400)
    cart = await shop.ready((variant, 2), method=method)
    assert cart["totals"]["shipping"] == zar(5000)

    heavy = await add(shop.client, cart, variant, 1)

    assert heavy["shipping"] is None
    assert heavy["totals"]["total"] == zar(300)
    refused(await shop.check_out(cart), 422, "unknown-shipping-method")
    response = await shop.client.put(f"/carts/{cart['id']}/shipping", json={"method_id": method})
    refused(response, 422, "unknown-shipping-method")


async def test_a_removed_cart_is_gone(shop: Shop) -> None:
    cart = await shop.cart()
    await add(shop.client, cart, shop.shelf.add())

    assert (await shop.client.delete(f"/carts/{cart['id']}")).status_code == 204
    refused(await shop.client.get(f"/carts/{cart['id']}"), 404, "not-found")


async def test_pages_follow_each_other_and_filters_hold(shop: Shop) -> None:
    made = [(await shop.cart())["id"] for _ in range(5)]

    seen, cursor = [], None
    while True:
        params = {"limit": 2, "status": "open"} | ({"cursor": cursor} if cursor else {})
        page = ok(await shop.client.get("/carts", params=params))
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == made[::-1]
    assert ok(await shop.client.get("/carts", params={"status": "checked_out"}))["items"] == []
    refused(await shop.client.get("/carts", params={"surprise": 1}), 422, "validation-failed")


async def test_who_may_not(shop: Shop, other_tenant_id: UUID) -> None:
    cart = await shop.cart()
    path = f"/carts/{cart['id']}"

    for anyone in (shop.client.acting(None), shop.client.acting(guest(shop.tenant_id))):
        assert (await anyone.get("/carts")).status_code == 401
    reader = shop.client.acting(user(shop.tenant_id, "orders.carts.read"))
    problem = refused(await reader.post("/carts", json={"currency": "ZAR"}), 403, "permission-denied")
    assert problem["required_permission"] == "orders.carts.write"
    pending = shop.client.acting(user(shop.tenant_id, tenant_status="pending"))
    refused(await pending.post("/carts", json={"currency": "ZAR"}), 403, "tenant-not-active")
    for stranger in (user(other_tenant_id), guest(other_tenant_id, *GUEST)):
        response = await shop.client.acting(stranger).get(path, headers=token(cart))
        refused(response, 404, "not-found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/carts", {}),
        ("/carts", {"currency": "ZAR", "surprise": 1}),
        ("/carts", {"currency": "XXX"}),
        ("/carts", {"currency": "ZAR", "email": "nobody"}),
        ("/carts", {"currency": "ZAR", "note": "nul\x00"}),
    ],
)
async def test_bad_input_is_named(shop: Shop, path: str, body: dict) -> None:
    refused(await shop.client.post(path, json=body), 422, "validation-failed")
    assert ok(await shop.client.get("/carts"))["items"] == []


async def test_an_address_must_be_whole(shop: Shop) -> None:
    cart = await shop.cart()
    for body in (
        {},
        {**ADDRESS, "country": "South Africa"},
        {**ADDRESS, "country": "ZZ"},
        {**ADDRESS, "city": ""},
        {**ADDRESS, "x": 1},
    ):
        response = await shop.client.put(f"/carts/{cart['id']}/address", json=body)
        refused(response, 422, "validation-failed")


async def test_a_guest_has_nobody_mailed_a_text_in_place_of_a_name(shop: Shop) -> None:
    cart = await shop.cart()
    path, name = f"/carts/{cart['id']}", "Nomsa,\n\nYour account is blocked"

    for field in ("name", "line1", "line2", "city", "region", "phone"):
        response = await shop.client.put(f"{path}/address", json={**ADDRESS, field: name})
        assert refused(response, 422, "validation-failed")["errors"][0]["loc"] == ["body", field]
    body, key = {"email": "nomsa@example.com", "customer_name": name}, {"Idempotency-Key": str(new_id())}
    response = await shop.client.post(f"{path}/checkout", json=body, headers=key)
    assert refused(response, 422, "validation-failed")["errors"][0]["loc"] == ["body", "customer_name"]
