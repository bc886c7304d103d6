"""Shipments over HTTP, and the tracking simulator."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.orders import OrderDelivered, ShipmentCreated, ShipmentUpdated
from services.orders.manifest import SERVICE
from services.orders.settings import OrdersSettings
from services.orders.shipments.jobs import advance_tracking
from services.orders.tests.shop import Shop, customer, ok, refused


async def test_goods_go_in_parts_and_never_more_than_ordered(shop: Shop) -> None:
    shirt, mug = shop.shelf.add(), shop.shelf.add()
    order = await shop.paid((shirt, 3), (mug, 1))
    path, line = f"/orders/{order['id']}/shipments", order["items"][0]["line_id"]

    first = ok(await shop.client.post(path, json={"items": [{"line_id": line, "quantity": 2}]}), 201)
    assert first["items"] == [{"line_id": line, "variant_id": shirt, "quantity": 2}]
    assert (await shop.order(order))["status"] == "fulfilling"
    for items in (
        [{"variant_id": shirt, "quantity": 2}],
        [{"variant_id": shirt, "quantity": 1}, {"line_id": line, "quantity": 1}],
    ):
        problem = refused(await shop.client.post(path, json={"items": items}), 409, "more-than-ordered")
        assert problem["unshipped"] == 1
    rest = ok(await shop.client.post(path), 201)

    assert sorted((i["variant_id"], i["quantity"]) for i in rest["items"]) == sorted([(shirt, 1), (mug, 1)])
    shown = await shop.order(order)
    assert shown["status"] == "shipped"
    assert [i["shipped_quantity"] for i in shown["items"]] == [3, 1]
    refused(await shop.client.post(path), 409, "invalid-transition")
    facts = await emitted(shop.context, shop.tenant_id, ShipmentCreated)
    assert [sum(n["quantity"] for n in f.data["lines"]) for f in facts] == [2, 2]
    assert first["tracking_reference"] != rest["tracking_reference"]


async def test_a_part_that_is_sent_again_with_its_key_goes_once(shop: Shop) -> None:
    order = await shop.paid((shop.shelf.add(), 3))
    path, line = f"/orders/{order['id']}/shipments", order["items"][0]["line_id"]
    body, key = {"items": [{"line_id": line, "quantity": 1}]}, {"Idempotency-Key": str(new_id())}

    first = await shop.client.post(path, json=body, headers=key)
    again = await shop.client.post(path, json=body, headers=key)
    rest = ok(await shop.client.post(path, json={}), 201)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert rest["items"][0]["quantity"] == 2
    assert len(await emitted(shop.context, shop.tenant_id, ShipmentCreated)) == 2


async def test_goods_are_sent_in_two_round_trips_and_reported_in_three(shop: Shop) -> None:
    order = await shop.paid((shop.shelf.add(), 2), (shop.shelf.add(), 1))
    path = f"/orders/{order['id']}/shipments"

    with round_trips(shop.context.engine) as trips:
        sent = ok(await shop.client.post(path), 201)
    locked, changed = trips.statements
    assert len(locked) == 2
    assert len([statement for statement in changed if statement.startswith("UPDATE orders.orders ")]) == 1

    with round_trips(shop.context.engine) as trips:
        body = {"status": "delivered"}
        shown = ok(await shop.client.post(f"{path}/{sent['id']}/status", json=body))
    # The order, its shipments, and then what changed, with the commit.
    assert [len(together) for together in trips.statements[:2]] == [2, 2]
    assert len(trips.statements) == 3
    assert (shown["version"], len(shown["items"])) == (sent["version"] + 1, 2)
    assert (await shop.order(order))["status"] == "delivered"


async def test_two_shipments_at_once_do_not_send_the_same_goods(shop: Shop) -> None:
    order = await shop.paid((shop.shelf.add(), 2))

    answers = await asyncio.gather(*(shop.client.post(f"/orders/{order['id']}/shipments") for _ in range(3)))

    assert sorted(a.status_code for a in answers) == [201, 409, 409]


async def test_what_is_not_paid_is_not_sent(shop: Shop) -> None:
    order = await shop.placed()

    problem = refused(await shop.client.post(f"/orders/{order['id']}/shipments"), 409, "invalid-transition")

    assert problem["current_status"] == "placed"


async def test_bad_items_are_refused(shop: Shop) -> None:
    order = await shop.paid()
    line = order["items"][0]["line_id"]
    for items in (
        [],
        [{"quantity": 1}],
        [{"line_id": line, "variant_id": order["items"][0]["variant_id"], "quantity": 1}],
        [{"line_id": line, "quantity": 0}],
        [{"line_id": str(new_id()), "quantity": 1}],
        [{"variant_id": str(new_id()), "quantity": 1}],
    ):
        response = await shop.client.post(f"/orders/{order['id']}/shipments", json={"items": items})
        refused(response, 422, "validation-failed")


async def test_people_report_where_a_shipment_is(shop: Shop) -> None:
    shirt = shop.shelf.add()
    order = await shop.paid((shirt, 2))
    path = f"/orders/{order['id']}/shipments"
    items = [{"variant_id": shirt, "quantity": 1}]
    one = ok(await shop.client.post(path, json={"items": items}), 201)
    two = ok(await shop.client.post(path, json={"items": items}), 201)

    async def report(shipment: dict, status: str) -> object:
        return await shop.client.post(f"{path}/{shipment['id']}/status", json={"status": status})

    assert ok(await report(one, "in_transit"))["status"] == "in_transit"
    assert ok(await report(one, "in_transit"))["status"] == "in_transit"
    refused(await report(one, "collected"), 409, "invalid-transition")
    refused(await report(one, "lost"), 422, "validation-failed")
    refused(await report({"id": new_id()}, "delivered"), 404, "not-found")
    assert ok(await report(one, "delivered"))["delivered_at"] is not None
    assert (await shop.order(order))["status"] == "shipped"
    ok(await report(two, "delivered"))

    assert (await shop.order(order))["status"] == "delivered"
    updates = await emitted(shop.context, shop.tenant_id, ShipmentUpdated)
    assert [u.data["status"] for u in updates] == ["in_transit", "delivered", "delivered"]
    assert len(await emitted(shop.context, shop.tenant_id, OrderDelivered)) == 1
    client = shop.client.acting(customer(shop.tenant_id))
    refused(
        await client.post(f"{path}/{one['id']}/status", json={"status": "delivered"}),
        403,
        "permission-denied",
    )


async def test_the_simulator_moves_many_orders_at_its_pace(shop: Shop) -> None:
    orders = [await shop.paid() for _ in range(3)]
    for order in orders:
        ok(await shop.client.post(f"/orders/{order['id']}/shipments"), 201)

    await shop.run(advance_tracking)
    assert {(await shop.order(o))["status"] for o in orders} == {"shipped"}
    for _ in range(3):
        shop.clock.advance(seconds=1)
        await asyncio.gather(*(shop.run(advance_tracking) for _ in range(2)))
    # A run that met another one left orders to it, not steps undone.
    await shop.run(advance_tracking)

    assert {(await shop.order(o))["status"] for o in orders} == {"delivered"}
    assert len(await emitted(shop.context, shop.tenant_id, OrderDelivered)) == 3


@pytest.fixture
async def as_in_production(context: ServiceContext) -> AsyncIterator[ServiceContext]:
    """The service as a real deployment runs it."""
    production = ServiceContext(
        SERVICE,
        context.common.model_copy(update={"environment": "production"}),
        clock=context.clock,
        upstreams=context.upstreams,
    )
    yield production
    await production.close()


async def test_in_production_nothing_moves_by_itself(shop: Shop, as_in_production: ServiceContext) -> None:
    order = await shop.paid()
    over = Client(as_in_production, shop.client.actor)
    ok(await over.post(f"/orders/{order['id']}/shipments"), 201)
    shop.clock.advance(days=1)

    await shop.run(advance_tracking)

    (shipment,) = ok(await over.get(f"/orders/{order['id']}/shipments"))["items"]
    assert shipment["status"] == "created"
    settings: OrdersSettings = as_in_production.settings
    assert settings.complete_after(as_in_production.common) == 3 * 24 * 3600
