"""Orders over HTTP: who sees them, how they are found, cancelled and completed."""

import asyncio
from uuid import UUID

import pytest

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.testing.actors import guest, user
from libs.common.testing.events import emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.orders import OrderCancelled
from services.orders.orders.jobs import complete_orders, expire_orders
from services.orders.tests.queries import counted
from services.orders.tests.shop import GUEST, Shop, customer, ok, refused, token


async def test_a_client_sees_his_own_orders_and_staff_see_all(shop: Shop) -> None:
    ann = shop.client.acting(customer(shop.tenant_id))
    ben = shop.client.acting(customer(shop.tenant_id))
    order = await shop.placed(client=ann)
    path = f"/orders/{order['id']}"

    assert [o["id"] for o in ok(await ann.get("/orders"))["items"]] == [order["id"]]
    assert [o["id"] for o in ok(await shop.client.get("/orders"))["items"]] == [order["id"]]
    assert ok(await ben.get("/orders"))["items"] == []
    for where in (path, f"{path}/timeline", f"{path}/shipments"):
        assert (await ann.get(where)).status_code == 200
        refused(await ben.get(where), 404, "not-found")
    refused(await ann.post(f"{path}/cancel"), 403, "permission-denied")


async def test_a_guest_sees_the_order_that_his_token_opens(shop: Shop) -> None:
    cart = await shop.ready(client=shop.guest)
    order = ok(await shop.check_out(cart, shop.guest), 201)
    other = await shop.ready(client=shop.guest)
    path = f"/orders/{order['id']}"

    for where in (path, f"{path}/timeline", f"{path}/shipments"):
        assert (await shop.guest.get(where, headers=token(cart))).status_code == 200
        refused(await shop.guest.get(where, headers=token(other)), 404, "not-found")
        refused(await shop.guest.get(where), 401, "unauthenticated")
    assert [o["id"] for o in ok(await shop.guest.get("/orders", headers=token(cart)))["items"]] == [
        order["id"]
    ]
    assert ok(await shop.guest.get("/orders", headers={"X-Cart-Token": "wrong"}))["items"] == []
    assert "cart_token_hash" not in order


async def test_who_may_not(shop: Shop, other_tenant_id: UUID) -> None:
    order = await shop.placed()
    path = f"/orders/{order['id']}"

    for anyone in (None, guest(shop.tenant_id), guest(shop.tenant_id, *GUEST)):
        refused(await shop.client.acting(anyone).get("/orders"), 401, "unauthenticated")
    nobody = shop.client.acting(user(shop.tenant_id, "crm.companies.read"))
    refused(await nobody.get(path), 403, "permission-denied")
    reader = shop.client.acting(user(shop.tenant_id, "orders.orders.read"))
    for verb in ("cancel", "confirm", "complete", "shipments"):
        refused(await reader.post(f"{path}/{verb}"), 403, "permission-denied")
    stranger = shop.client.acting(user(other_tenant_id))
    assert ok(await stranger.get("/orders"))["items"] == []
    for method, where in (
        ("GET", path),
        ("GET", f"{path}/timeline"),
        ("GET", f"{path}/shipments"),
        ("POST", f"{path}/cancel"),
        ("POST", f"{path}/confirm"),
        ("POST", f"{path}/complete"),
        ("POST", f"{path}/shipments"),
    ):
        refused(await stranger.request(method, where), 404, "not-found")


async def test_orders_are_found_by_every_filter(shop: Shop) -> None:
    cheap = await shop.placed((shop.shelf.add(price=100), 1))
    shop.clock.advance(seconds=60)
    ann = shop.client.acting(customer(shop.tenant_id))
    cart = await shop.ready((shop.shelf.add(price=90000), 1), client=ann)
    dear = ok(await shop.check_out(cart, ann, email="Ann@Example.com"), 201)
    await shop.pay(dear)

    async def found(**params: object) -> list[str]:
        return [o["id"] for o in ok(await shop.client.get("/orders", params=params))["items"]]

    assert await found() == [dear["id"], cheap["id"]]
    assert await found(status="paid") == [dear["id"]]
    assert await found(status=["paid", "placed"]) == [dear["id"], cheap["id"]]
    assert await found(number="O-000001") == [cheap["id"]]
    assert await found(email="ANN@example.com") == [dear["id"]]
    assert await found(customer_user_id=str(ann.actor.user_id)) == [dear["id"]]
    assert await found(placed_at_from=dear["placed_at"]) == [dear["id"]]
    assert await found(placed_at_to=cheap["placed_at"]) == [cheap["id"]]
    assert await found(total_min=90000) == [dear["id"]]
    assert await found(total_max=6000) == [cheap["id"]]
    assert await found(order="total_amount") == [cheap["id"], dear["id"]]
    assert await found(q="o-000002") == [dear["id"]]
    for params in ({"surprise": 1}, {"status": "lost"}, {"order": "email"}, {"total_min": "x"}):
        refused(await shop.client.get("/orders", params=params), 422, "validation-failed")


async def test_pages_follow_each_other_without_gaps(shop: Shop) -> None:
    variant, method = shop.shelf.add(), await shop.method()
    for _ in range(5):
        ok(await shop.check_out(await shop.ready((variant, 1), method=method)), 201)

    for order in ("number", "-placed_at", "total_amount"):
        seen, cursor = [], None
        while True:
            params = {"limit": 2, "order": order} | ({"cursor": cursor} if cursor else {})
            page = ok(await shop.client.get("/orders", params=params))
            seen += [row["number"] for row in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert sorted(seen) == [f"O-00000{n}" for n in range(1, 6)]


@pytest.mark.parametrize("path", ["/orders", "/carts", "/shipping/accounts"])
async def test_a_longer_list_takes_no_more_queries(shop: Shop, path: str) -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            await shop.placed((shop.shelf.add(), 1), (shop.shelf.add(), 1))
        with counted(shop.context) as sent:
            ok(await shop.client.get(path))
        counts.append(len(sent))

    assert counts[0] == counts[1] <= 5


async def test_an_order_is_read_with_its_lines_in_one_round_trip(shop: Shop) -> None:
    order = await shop.placed((shop.shelf.add(), 1), (shop.shelf.add(), 2))

    for client, path in (
        (shop.client, f"/orders/{order['id']}"),
        (shop.client.acting(system_actor("payments", shop.tenant_id)), f"/internal/orders/{order['id']}"),
    ):
        with round_trips(shop.context.engine) as trips:
            shown = ok(await client.get(path))
        assert [len(together) for together in trips.statements] == [2]
        lines = shown.get("items") or shown["lines"]
        assert [line["line_id"] for line in lines] == [line["line_id"] for line in order["items"]]


async def test_an_order_is_cancelled_in_two_round_trips(shop: Shop) -> None:
    order = await shop.placed()

    with round_trips(shop.context.engine) as trips:
        ok(await shop.client.post(f"/orders/{order['id']}/cancel"))

    # The order is locked and read; then all that changed goes out with the commit.
    locked, changed = trips.statements
    assert [statement.split()[0] for statement in locked] == ["SELECT", "SELECT"]
    assert len([statement for statement in changed if statement.startswith("UPDATE orders.orders ")]) == 1


async def test_a_platform_service_that_names_no_business_finds_an_order_by_its_id(shop: Shop) -> None:
    order = await shop.placed((shop.shelf.add(), 1), (shop.shelf.add(), 2))
    anywhere = shop.client.acting(system_actor("payments"))

    shown = ok(await anywhere.get(f"/internal/orders/{order['id']}"))

    assert (shown["tenant_id"], len(shown["lines"])) == (str(shop.tenant_id), 2)
    refused(await anywhere.get(f"/internal/orders/{new_id()}"), 404, "not-found")


async def test_a_placed_order_is_cancelled(shop: Shop) -> None:
    order = await shop.placed()

    shown = ok(await shop.client.post(f"/orders/{order['id']}/cancel", json={"reason": "Twice by mistake"}))

    assert (shown["status"], shown["cancel_reason"]) == ("cancelled", "Twice by mistake")
    (fact,) = await emitted(shop.context, shop.tenant_id, OrderCancelled)
    cancelled = OrderCancelled.model_validate(fact.data)
    assert (cancelled.was_paid, cancelled.payment_id, cancelled.reason) == (False, None, "Twice by mistake")
    entry = (await shop.timeline(order))[-1]
    assert (entry["kind"], entry["actor"]) == ("cancelled", f"user:{shop.client.actor.user_id}")
    refused(await shop.client.post(f"/orders/{order['id']}/cancel"), 409, "invalid-transition")


async def test_a_cancelled_paid_order_tells_that_it_was_paid(shop: Shop) -> None:
    order = await shop.paid()

    ok(await shop.client.post(f"/orders/{order['id']}/cancel"))

    (fact,) = await emitted(shop.context, shop.tenant_id, OrderCancelled)
    assert (fact.data["was_paid"], fact.data["payment_id"]) == (True, order["payment_id"])
    await shop.pay(order, payment_id=UUID(order["payment_id"]))
    assert (await shop.order(order))["status"] == "cancelled"


async def test_an_order_on_its_way_is_not_cancelled(shop: Shop) -> None:
    order = await shop.paid()
    ok(await shop.client.post(f"/orders/{order['id']}/shipments"), 201)

    problem = refused(await shop.client.post(f"/orders/{order['id']}/cancel"), 409, "invalid-transition")

    assert (problem["current_status"], problem["wanted_status"]) == ("shipped", "cancelled")


async def test_a_payment_and_a_cancellation_at_once_leave_one_story(shop: Shop) -> None:
    order = await shop.placed()

    verdicts, cancelled = await asyncio.gather(
        shop.pay(order), shop.client.post(f"/orders/{order['id']}/cancel")
    )

    # Where the order lapsed between reading and locking it, the payment comes again.
    while verdicts == [Verdict.RETRY]:
        verdicts = await shop.pay(order)
    shown = await shop.order(order)
    states = [e["status"] for e in await shop.timeline(order) if e["status"]]
    assert cancelled.status_code == 200
    # A payment that comes after the cancellation is refused, and given back.
    assert states in (["placed", "paid", "cancelled"], ["placed", "cancelled"])
    assert shown["status"] == "cancelled"
    (fact,) = await emitted(shop.context, shop.tenant_id, OrderCancelled)
    assert fact.data["was_paid"] is ("paid" in states)


async def test_a_payment_and_the_expiry_at_once_leave_one_story(shop: Shop) -> None:
    order, payment = await shop.placed(), new_id()
    shop.clock.advance(minutes=16)

    verdicts, _ = await asyncio.gather(shop.pay(order, payment_id=payment), shop.run(expire_orders))
    # Where the order expired while its stock was reserved anew, the payment comes again.
    if verdicts == [Verdict.RETRY]:
        verdicts = await shop.pay(order, payment_id=payment)

    assert verdicts == [Verdict.DONE]
    states = [e["status"] for e in await shop.timeline(order) if e["status"]]
    assert states in (["placed", "paid"], ["placed", "expired", "paid"])
    assert (await shop.order(order))["status"] == "paid"


async def test_goods_must_arrive_before_an_order_is_completed(shop: Shop) -> None:
    order = await shop.paid()
    path = f"/orders/{order['id']}"

    refused(await shop.client.post(f"{path}/complete"), 409, "invalid-transition")
    shipment = ok(await shop.client.post(f"{path}/shipments"), 201)
    refused(await shop.client.post(f"{path}/complete"), 409, "invalid-transition")
    ok(await shop.client.post(f"{path}/shipments/{shipment['id']}/status", json={"status": "delivered"}))
    assert ok(await shop.client.post(f"{path}/complete"))["status"] == "completed"
    await shop.run(complete_orders)
    assert [e["kind"] for e in await shop.timeline(order)].count("completed") == 1


async def test_other_services_see_orders_of_any_tenant(shop: Shop) -> None:
    cart = await shop.ready(client=shop.guest)
    order = ok(await shop.check_out(cart, shop.guest), 201)
    path = f"/internal/orders/{order['id']}"

    for actor in (system_actor("payments"), system_actor("payments", shop.tenant_id)):
        shown = ok(await shop.client.acting(actor).get(path))
        assert shown["tenant_id"] == str(shop.tenant_id)
        assert shown["totals"] == order["totals"]
        assert shown["lines"][0]["unit_price"] == order["items"][0]["unit_price"]
        assert len(shown["cart_token_hash"]) == 64
    elsewhere = shop.client.acting(system_actor("payments", new_id()))
    refused(await elsewhere.get(path), 404, "not-found")
    refused(await shop.client.get(path), 403, "permission-denied")
    refused(await shop.client.acting(None).get(path), 401, "unauthenticated")


async def test_choice_lists_are_offered_to_services(shop: Shop) -> None:
    service = shop.client.acting(system_actor("gateway"))

    lists = ok(await service.get("/internal/dropdown-options"))

    assert {"value": "in_transit", "label": "In transit"} in lists["shipment_status"]
    assert [choice["value"] for choice in lists["shipping_provider"]] == ["table"]
