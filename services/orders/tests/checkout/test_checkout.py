"""Checkout over HTTP: what is needed, what is refused, and what a repeat gets."""

import asyncio

import pytest
from sqlalchemy import text

from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.events import emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.orders import LatePaymentRefused, OrderPaid, OrderPlaced
from services.orders.orders.jobs import expire_orders
from services.orders.tests.shop import ADDRESS, Shop, customer, ok, refused, token, zar


async def test_a_placed_order_keeps_what_the_cart_was(shop: Shop) -> None:
    ann = shop.client.acting(customer(shop.tenant_id))
    cart = await shop.ready((shop.shelf.add(price=19900), 2), client=ann)

    order = ok(await shop.check_out(cart, ann, note="Ring twice"), 201)

    assert order["totals"] == cart["totals"]
    assert order["customer_user_id"] == str(ann.actor.user_id)
    assert (order["customer_name"], order["note"]) == ("Thabo Buyer", "Ring twice")
    assert order["shipping_address"] == ADDRESS
    assert order["shipping_method_name"] == "Standard"
    closed = ok(await ann.get(f"/carts/{cart['id']}"))
    assert (closed["status"], closed["order_id"]) == ("checked_out", order["id"])
    assert ok(await ann.get(f"/orders/{order['id']}")) == order


async def test_what_is_missing_is_named(shop: Shop) -> None:
    cart = await shop.cart()
    path, variant, method = f"/carts/{cart['id']}", shop.shelf.add(), await shop.method()

    refused(await shop.check_out(cart), 409, "cart-empty")
    ok(await shop.client.post(f"{path}/items", json={"variant_id": variant}), 201)
    refused(await shop.check_out(cart), 422, "address-required")
    ok(await shop.client.put(f"{path}/address", json=ADDRESS))
    refused(await shop.check_out(cart), 422, "shipping-required")
    ok(await shop.client.put(f"{path}/shipping", json={"method_id": method}))
    without_key = await shop.client.post(f"{path}/checkout", json={"email": "a@example.com"})
    refused(without_key, 400, "idempotency-key-required")
    shop.shelf.variants[variant]["status"] = "archived"
    assert refused(await shop.check_out(cart), 422, "unknown-variant")["variant_ids"] == [variant]
    shop.shelf.variants[variant]["status"] = "active"
    assert shop.shelf.held == {}
    ok(await shop.check_out(cart), 201)


async def test_a_guest_must_say_his_address_for_mail(shop: Shop) -> None:
    cart = await shop.ready(client=shop.guest)
    headers = {**token(cart), "Idempotency-Key": "k"}

    response = await shop.guest.post(f"/carts/{cart['id']}/checkout", json={}, headers=headers)

    assert refused(response, 422, "validation-failed")["errors"][0]["loc"] == ["body", "email"]


async def test_what_does_not_travel_needs_no_address(shop: Shop) -> None:
    cart, lesson = await shop.cart(), shop.shelf.add(price=50000, type="service", weight_g=None)
    ok(await shop.client.post(f"/carts/{cart['id']}/items", json={"variant_id": lesson}), 201)

    order = ok(await shop.check_out(cart), 201)

    assert order["totals"]["total"] == zar(50000)
    await shop.pay(order)
    refused(await shop.client.post(f"/orders/{order['id']}/shipments"), 409, "invalid-transition")
    assert ok(await shop.client.post(f"/orders/{order['id']}/complete"))["status"] == "completed"


@pytest.mark.parametrize("directly", [False, True], ids=["from a cart", "a confirmed draft"])
async def test_an_order_of_zero_is_paid_at_once(shop: Shop, directly: bool) -> None:
    free = shop.shelf.add(price=0, type="service", weight_g=None)
    if directly:
        body = {"currency": "ZAR", "email": "a@example.com", "items": [{"variant_id": free, "quantity": 1}]}
        draft = ok(
            await shop.client.post("/orders", json=body | {"draft": True}, headers={"Idempotency-Key": "k"}),
            201,
        )
        order = ok(await shop.client.post(f"/orders/{draft['id']}/confirm"))
    else:
        cart = await shop.cart()
        ok(await shop.client.post(f"/carts/{cart['id']}/items", json={"variant_id": free}), 201)
        order = ok(await shop.check_out(cart), 201)

    assert (order["status"], order["payment_id"], order["totals"]["total"]) == ("paid", None, zar(0))
    steps = [entry["kind"] for entry in await shop.timeline(order)]
    assert steps == [*(["draft"] if directly else []), "placed", "paid"]
    [told] = await emitted(shop.context, shop.tenant_id, OrderPaid)
    assert (told.data["order_id"], told.data["payment_id"]) == (order["id"], order["id"])
    assert len(await emitted(shop.context, shop.tenant_id, OrderPlaced)) == 1
    shop.clock.advance(days=1)
    await shop.run(expire_orders)
    assert (await shop.order(order))["status"] == "paid"
    await shop.pay(order, amount=100)
    assert (await shop.order(order))["payment_id"] is None
    [refused_payment] = await emitted(shop.context, shop.tenant_id, LatePaymentRefused)
    assert refused_payment.data["reason"] == "already-paid"


async def test_a_repeat_with_the_key_gets_the_first_answer(shop: Shop) -> None:
    cart = await shop.ready()

    first = await shop.check_out(cart, key="order-1")
    again = await shop.check_out(cart, key="order-1")
    other_body = await shop.check_out(cart, key="order-1", note="other")
    other_key = await shop.check_out(cart, key="order-2")

    assert ok(again, 201) == ok(first, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    refused(other_body, 422, "idempotency-key-reused")
    assert refused(other_key, 409, "cart-not-open")["order_id"] == first.json()["id"]
    assert len(await emitted(shop.context, shop.tenant_id, OrderPlaced)) == 1


async def test_of_two_checkouts_at_once_one_places_the_order(shop: Shop) -> None:
    cart = await shop.ready()

    answers = await asyncio.gather(*(shop.check_out(cart) for _ in range(4)))

    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    assert [o["number"] for o in ok(await shop.client.get("/orders"))["items"]] == ["O-000001"]
    assert len(await emitted(shop.context, shop.tenant_id, OrderPlaced)) == 1


async def test_one_key_at_once_gets_one_answer(shop: Shop) -> None:
    cart = await shop.ready()

    answers = await asyncio.gather(*(shop.check_out(cart, key="k") for _ in range(3)))

    assert {ok(a, 201)["id"] for a in answers} == {answers[0].json()["id"]}
    assert sorted(a.headers.get("idempotency-replayed", "") for a in answers) == ["", "true", "true"]


@pytest.mark.parametrize("is_older", [False, True])
async def test_a_changed_price_is_shown_and_the_next_try_succeeds(shop: Shop, is_older: bool) -> None:
    # In the midst of a rollout the catalog may still be, or be again, that of the release before.
    shop.shelf.is_older = is_older
    dearer, same = shop.shelf.add(price=19900), shop.shelf.add(price=100)
    cart = await shop.ready((dearer, 2), (same, 1))
    shop.shelf.variants[dearer]["price"] = zar(21900)

    problem = refused(await shop.check_out(cart, key="k"), 409, "price-changed")

    assert problem["lines"] == [
        {"variant_id": dearer, "sku": "SKU-1", "old_price": zar(19900), "new_price": zar(21900)}
    ]
    assert shop.shelf.held == {}
    shown = ok(await shop.client.get(f"/carts/{cart['id']}"))
    assert shown["totals"]["subtotal"] == zar(2 * 21900 + 100)
    order = ok(await shop.check_out(cart, key="k"), 201)
    assert order["totals"]["subtotal"] == zar(2 * 21900 + 100)


async def test_numbers_have_no_gaps_however_checkouts_end(shop: Shop) -> None:
    plenty, scarce = shop.shelf.add(), shop.shelf.add(stock=0)
    method = await shop.method()
    carts = [await shop.ready((plenty if n % 2 else scarce, 1), method=method) for n in range(8)]

    answers = await asyncio.gather(*(shop.check_out(cart) for cart in carts))

    numbers = sorted(a.json()["number"] for a in answers if a.status_code == 201)
    assert numbers == ["O-000001", "O-000002", "O-000003", "O-000004"]


async def test_checkouts_never_sell_more_than_there_is(shop: Shop) -> None:
    variant, method = shop.shelf.add(stock=3), await shop.method()
    carts = [await shop.ready((variant, 2), method=method) for _ in range(3)]

    answers = await asyncio.gather(*(shop.check_out(cart) for cart in carts))

    assert sorted(a.status_code for a in answers) == [201, 409, 409]


async def test_the_secret_of_a_cart_is_stored_nowhere(shop: Shop) -> None:
    cart = await shop.ready(client=shop.guest)
    ok(await shop.check_out(cart, shop.guest), 201)

    async with shop.context.unit_of_work(platform=True) as uow:
        for table in shop.context.service.metadata.sorted_tables:
            statement = text(f"SELECT count(*) FROM {table.fullname} t WHERE strpos(t::text, :secret) > 0")
            found = (await uow.session.execute(statement, {"secret": cart["token"]})).scalar_one()
            assert found == 0, table.name


async def test_staff_place_orders_directly(shop: Shop) -> None:
    variant, method = shop.shelf.add(stock=5, price=100), await shop.method(50)
    body = {
        "email": "ann@example.com",
        "currency": "ZAR",
        "items": [{"variant_id": variant, "quantity": 2}, {"variant_id": variant, "quantity": 2}],
        "address": ADDRESS,
        "shipping_method_id": method,
        "customer_name": "Ann",
    }

    order = ok(await shop.client.post("/orders", json=body, headers={"Idempotency-Key": "a"}), 201)
    again = await shop.client.post("/orders", json=body, headers={"Idempotency-Key": "a"})
    short = await shop.client.post("/orders", json=body, headers={"Idempotency-Key": "b"})

    assert (order["status"], order["number"], order["totals"]["total"]) == ("placed", "O-000001", zar(450))
    assert [(i["variant_id"], i["quantity"]) for i in order["items"]] == [(variant, 4)]
    assert again.json() == order
    assert refused(short, 409, "insufficient-stock")["lines"][0]["available"] == 1
    client = shop.client.acting(customer(shop.tenant_id))
    refused(
        await client.post("/orders", json=body, headers={"Idempotency-Key": "c"}), 403, "permission-denied"
    )


async def test_a_draft_is_placed_when_it_is_confirmed(shop: Shop) -> None:
    variant, method = shop.shelf.add(stock=1, price=100), await shop.method(50)
    body = {
        "email": "ann@example.com",
        "currency": "ZAR",
        "items": [{"variant_id": variant, "quantity": 2}],
        "address": ADDRESS,
        "shipping_method_id": method,
        "draft": True,
    }
    draft = ok(await shop.client.post("/orders", json=body, headers={"Idempotency-Key": "a"}), 201)
    path = f"/orders/{draft['id']}/confirm"
    assert (draft["status"], draft["number"], draft["reserved_until"]) == ("draft", None, None)
    assert await emitted(shop.context, shop.tenant_id) == []

    refused(await shop.client.post(path), 409, "insufficient-stock")
    shop.shelf.stock[variant] = 2
    placed = ok(await shop.client.post(path))

    assert (placed["status"], placed["number"]) == ("placed", "O-000001")
    refused(await shop.client.post(path), 409, "invalid-transition")
    assert [e["kind"] for e in await shop.timeline(draft)] == ["draft", "placed"]
    assert shop.shelf.held == {draft["id"]: {variant: 2}}


async def test_who_may_not_check_out(shop: Shop) -> None:
    cart = await shop.ready()

    assert (await shop.check_out(cart, shop.client.acting(None))).status_code == 401
    reader = shop.client.acting(user(shop.tenant_id, "orders.carts.read"))
    refused(await shop.check_out(cart, reader), 403, "permission-denied")
    pending = shop.client.acting(user(shop.tenant_id, tenant_status="pending"))
    refused(await shop.check_out(cart, pending), 403, "tenant-not-active")
    stranger = shop.client.acting(user(new_id()))
    refused(await shop.check_out(cart, stranger), 404, "not-found")


async def test_a_checkout_takes_three_round_trips_and_a_repeat_one_more(shop: Shop) -> None:
    cart = await shop.ready((shop.shelf.add(), 2), (shop.shelf.add(), 1))
    key = str(new_id())

    with round_trips(shop.context.engine) as trips:
        ok(await shop.check_out(cart, key=key), 201)

    # Key, cart and tariff; the number; what is written.
    assert len(trips.statements) == 3
    with round_trips(shop.context.engine) as trips:
        ok(await shop.check_out(cart, key=key), 201)
    assert len(trips.statements) == 2
