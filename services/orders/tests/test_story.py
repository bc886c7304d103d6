"""The story of an order from cart to completion, as a frontend tells it."""

from libs.common.ids import new_id
from libs.common.testing.events import emitted
from libs.contracts.orders import OrderPaid, OrderPlaced
from services.orders.orders.jobs import complete_orders
from services.orders.shipments.jobs import advance_tracking
from services.orders.tests.shop import ADDRESS, Shop, ok, refused, zar


async def test_a_guest_buys_pays_and_receives(shop: Shop) -> None:
    variant, method = shop.shelf.add(stock=5, price=19900), await shop.method(5000)
    guest = shop.guest

    cart = ok(await guest.post("/carts", json={"currency": "ZAR"}), 201)
    assert cart["items"] == []
    assert cart["totals"]["total"] == zar(0)
    path, headers = f"/carts/{cart['id']}", {"X-Cart-Token": cart["token"]}
    body = {"variant_id": variant, "quantity": 2}
    assert ok(await guest.post(f"{path}/items", json=body, headers=headers), 201)["totals"][
        "subtotal"
    ] == zar(39800)
    ok(await guest.put(f"{path}/address", json=ADDRESS, headers=headers))
    methods = ok(await guest.get("/shipping/methods", params={"cart_id": cart["id"]}, headers=headers))[
        "items"
    ]
    assert [(m["id"], m["name"], m["amount"]) for m in methods] == [(method, "Standard", zar(5000))]
    cart = ok(await guest.put(f"{path}/shipping", json={"method_id": method}, headers=headers))
    assert cart["totals"]["total"] == zar(44800)

    checkout = await guest.post(
        f"{path}/checkout",
        json={"email": "Ann@Example.com"},
        headers={**headers, "Idempotency-Key": str(new_id())},
    )
    order = ok(checkout, 201)
    assert (order["number"], order["status"]) == ("O-000001", "placed")
    assert order["reserved_until"] is not None
    (line,) = order["items"]
    assert (line["variant_id"], line["sku"], line["quantity"]) == (variant, "SKU-1", 2)
    assert (line["unit_price"], line["total"]) == (zar(19900), zar(39800))
    assert shop.shelf.held == {order["id"]: {variant: 2}}
    assert ok(await guest.get(f"/orders/{order['id']}", headers=headers))["number"] == "O-000001"

    payment = new_id()
    await shop.pay(order, payment_id=payment)
    assert (await shop.order(order))["status"] == "paid"
    shipment = ok(await shop.client.post(f"/orders/{order['id']}/shipments", json={}), 201)
    assert shipment["status"] == "created"
    assert shipment["tracking_reference"]
    assert (await shop.order(order))["status"] == "shipped"
    for expected in ("collected", "in_transit", "delivered"):
        shop.clock.advance(seconds=1.5)
        await shop.run(advance_tracking)
        (shown,) = ok(await shop.client.get(f"/orders/{order['id']}/shipments"))["items"]
        assert shown["status"] == expected
    assert (await shop.order(order))["status"] == "delivered"
    shop.clock.advance(seconds=3.5)
    await shop.run(complete_orders)
    assert (await shop.order(order))["status"] == "completed"

    assert [e["kind"] for e in await shop.timeline(order)] == [
        "placed",
        "paid",
        "fulfilling",
        "shipment_created",
        "shipped",
        "shipment_collected",
        "shipment_in_transit",
        "shipment_delivered",
        "delivered",
        "completed",
    ]
    events = await emitted(shop.context, shop.tenant_id)
    assert [e.type.split(".")[1] for e in events] == [
        "order_placed",
        "order_paid",
        "shipment_created",
        "shipment_updated",
        "shipment_updated",
        "shipment_updated",
        "order_delivered",
        "order_completed",
    ]
    placed = OrderPlaced.model_validate(events[0].data)
    assert placed.email == "ann@example.com"
    assert placed.totals.total.amount == 44800
    assert OrderPaid.model_validate(events[1].data).payment_id == payment


async def test_too_little_stock_names_each_line_and_changes_nothing(shop: Shop) -> None:
    plenty, scarce = shop.shelf.add(stock=9), shop.shelf.add(stock=1)
    cart = await shop.ready((plenty, 2), (scarce, 3))

    problem = refused(await shop.check_out(cart), 409, "insufficient-stock")

    assert problem["lines"] == [{"variant_id": scarce, "requested": 3, "available": 1}]
    assert shop.shelf.held == {}
    assert ok(await shop.client.get("/orders"))["items"] == []
    assert ok(await shop.client.get(f"/carts/{cart['id']}"))["status"] == "open"
    assert await emitted(shop.context, shop.tenant_id) == []
