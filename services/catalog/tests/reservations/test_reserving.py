"""Holding stock for an order, as the orders service asks for it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.common.testing.round_trips import round_trips
from libs.contracts.catalog import StockChanged, StockLow, StockReleased
from services.catalog.tests.factories import adjust, level, product, stocked, store, variant_body
from services.catalog.tests.reservations.facts import reserve


async def shown(client: Client, order_id: UUID) -> dict[str, Any]:
    """The reservation of an order as staff see it."""
    (row,) = (await client.get("/inventory/reservations", params={"order_id": str(order_id)})).json()["items"]
    return row


async def test_pieces_are_held_until_they_are_released(client: Client, orders: Client) -> None:
    variant_id, store_id = await stocked(client, 10)
    order_id = new_id()

    held = await reserve(orders, order_id, (variant_id, 3))

    assert held.status_code == 200
    assert held.json()["order_id"] == str(order_id)
    assert held.json()["status"] == "reserved"
    assert held.json()["lines"] == [{"variant_id": variant_id, "store_id": store_id, "quantity": 3}]
    assert await level(client, variant_id) == (10, 3, 0, 7)
    for _ in range(2):
        assert (await orders.delete(f"/internal/reservations/{order_id}")).status_code == 204
    assert await level(client, variant_id) == (10, 0, 0, 10)


async def test_a_new_reservation_is_written_once(
    client: Client, orders: Client, context: ServiceContext
) -> None:
    variant_id, _ = await stocked(client, 10)
    written: list[str] = []

    def note(*arguments: Any) -> None:
        if "catalog.reservations " in arguments[2] and not arguments[2].startswith("SELECT"):
            written.append(arguments[2].partition(" ")[0])

    event.listen(context.engine.sync_engine, "before_cursor_execute", note)
    try:
        order_id = new_id()
        assert (await reserve(orders, order_id, (variant_id, 3))).status_code == 200
        assert written == ["INSERT"]
        assert (await reserve(orders, order_id, (variant_id, 4))).status_code == 200
        assert set(written[1:]) == {"UPDATE"}
    finally:
        event.remove(context.engine.sync_engine, "before_cursor_execute", note)
    assert await level(client, variant_id) == (10, 4, 0, 6)


async def test_a_new_reservation_takes_two_round_trips(
    client: Client, orders: Client, context: ServiceContext
) -> None:
    variant_id, store_id = await stocked(client, 10)
    another, _ = await stocked(client, 10, store_id=store_id)

    with round_trips(context.engine) as trips:
        assert (await reserve(orders, new_id(), (variant_id, 3), (another, 1))).status_code == 200

    # What is there and in reach, all of it locked; then what changed, with the commit.
    assert len(trips.statements) == 2
    locking = [statement for statement in trips.statements[0] if "FROM catalog.stock_levels" in statement]
    assert ["FOR UPDATE" in statement for statement in locking] == [True]


async def test_a_reservation_that_is_there_locks_the_stock_it_had_together_with_what_it_wants(
    client: Client, orders: Client, context: ServiceContext
) -> None:
    # In two steps they would be locked in another order than by whoever wants both.
    first, store_id = await stocked(client, 10)
    second, _ = await stocked(client, 10, store_id=store_id)
    order_id = new_id()
    await reserve(orders, order_id, (second, 3))

    with round_trips(context.engine) as trips:
        assert (await reserve(orders, order_id, (first, 2))).status_code == 200

    locking = [
        statement
        for together in trips.statements
        for statement in together
        if "FROM catalog.stock_levels" in statement and "FOR UPDATE" in statement
    ]
    assert ["EXISTS" in statement for statement in locking] == [True, False]
    assert await level(client, first) == (10, 2, 0, 8)
    assert await level(client, second) == (10, 0, 0, 10)


async def test_releasing_an_unknown_order_is_no_error(orders: Client) -> None:
    assert (await orders.delete(f"/internal/reservations/{new_id()}")).status_code == 204


async def test_two_lines_of_one_variant_share_its_stock(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 5)

    refused = await reserve(orders, new_id(), (variant_id, 3), (variant_id, 3))
    held = await reserve(orders, new_id(), (variant_id, 3), (variant_id, 2))

    assert refused.status_code == 409
    assert refused.json()["slug"] == "insufficient-stock"
    assert refused.json()["lines"] == [{"variant_id": variant_id, "requested": 6, "available": 5}]
    assert [line["quantity"] for line in held.json()["lines"]] == [5]


async def test_each_short_line_is_named_and_nothing_changes(client: Client, orders: Client) -> None:
    plenty, store_id = await stocked(client, 50)
    few, _ = await stocked(client, 2, store_id=store_id)
    none, _ = await stocked(client, 0, store_id=store_id)
    unknown = str(new_id())

    refused = await reserve(orders, new_id(), (plenty, 1), (few, 3), (none, 1), (unknown, 1))

    assert refused.status_code == 409
    assert refused.json()["lines"] == [
        {"variant_id": few, "requested": 3, "available": 2},
        {"variant_id": none, "requested": 1, "available": 0},
        {"variant_id": unknown, "requested": 1, "available": 0},
    ]
    assert await level(client, plenty) == (50, 0, 0, 50)
    assert (await client.get("/inventory/reservations")).json()["items"] == []


async def test_the_same_request_again_holds_nothing_more(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    variant_id, _ = await stocked(client, 10)
    order_id, until = new_id(), datetime.now(UTC) + timedelta(minutes=5)
    first = await reserve(orders, order_id, (variant_id, 3), expires_at=until.isoformat())
    events = len(await emitted(context, tenant_id, StockChanged))

    again = await reserve(orders, order_id, (variant_id, 3), expires_at=until.isoformat())

    assert again.json() == first.json()
    assert await level(client, variant_id) == (10, 3, 0, 7)
    assert len(await emitted(context, tenant_id, StockChanged)) == events


async def test_other_lines_replace_the_hold_and_may_use_what_it_held(client: Client, orders: Client) -> None:
    one, store_id = await stocked(client, 10)
    two, _ = await stocked(client, 1, store_id=store_id)
    order_id = new_id()
    await reserve(orders, order_id, (one, 8))

    assert (await reserve(orders, order_id, (one, 10), (two, 1))).status_code == 200
    assert await level(client, one) == (10, 10, 0, 0)
    refused = await reserve(orders, order_id, (one, 11))
    assert refused.json()["lines"] == [{"variant_id": one, "requested": 11, "available": 10}]
    assert await level(client, one) == (10, 10, 0, 0)
    assert (await reserve(orders, order_id, (two, 1))).status_code == 200

    assert await level(client, one) == (10, 0, 0, 10)
    assert await level(client, two) == (1, 1, 0, 0)


async def test_a_released_order_holds_again_only_by_renewal(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 4)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    await orders.delete(f"/internal/reservations/{order_id}")

    closed = await reserve(orders, order_id, (variant_id, 4))
    renewed = await reserve(orders, order_id, (variant_id, 4), renew=True)

    assert (closed.status_code, closed.json()["slug"]) == (409, "reservation-closed")
    assert (renewed.status_code, renewed.json()["status"]) == (200, "reserved")
    assert len(renewed.json()["lines"]) == 1
    assert await level(client, variant_id) == (4, 4, 0, 0)


async def test_a_renewal_that_finds_too_little_leaves_it_released(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 4)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    await orders.delete(f"/internal/reservations/{order_id}")
    await reserve(orders, new_id(), (variant_id, 1))

    refused = await reserve(orders, order_id, (variant_id, 4), renew=True)

    assert refused.json()["lines"] == [{"variant_id": variant_id, "requested": 4, "available": 3}]
    assert (await shown(client, order_id))["status"] == "released"


async def test_a_line_is_split_over_stores_with_the_default_one_first(client: Client, orders: Client) -> None:
    variant_id, main = await stocked(client, 2)
    small, large = (await store(client, name="B"))["id"], (await store(client, name="C"))["id"]
    await adjust(client, small, variant_id, 1)
    await adjust(client, large, variant_id, 5)

    held = (await reserve(orders, new_id(), (variant_id, 6))).json()
    refused = await reserve(orders, new_id(), (variant_id, 3))

    assert [(line["store_id"], line["quantity"]) for line in held["lines"]] == [(main, 2), (large, 4)]
    assert await level(client, variant_id, small) == (1, 0, 0, 1)
    assert refused.json()["lines"][0]["available"] == 2


async def test_what_keeps_no_stock_needs_none(client: Client, orders: Client) -> None:
    service = (await product(client, type="service"))["variants"][0]["id"]
    untracked = (await product(client, variant_body(track_stock=False)))["variants"][0]["id"]

    held = await reserve(orders, new_id(), (service, 100), (untracked, 100))

    assert (held.status_code, held.json()["lines"]) == (200, [])


async def test_falling_to_the_threshold_is_told_once(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    variant_id, _ = await stocked(client, 10, low_stock_threshold=5, options={"size": "L"})

    for quantity in (4, 1, 1):
        await reserve(orders, new_id(), (variant_id, quantity))

    (low,) = await emitted(context, tenant_id, StockLow)
    assert (low.data["available"], low.data["threshold"], low.data["name"]) == (5, 5, "Enamel mug (L)")
    listed = (await client.get("/inventory/stock", params={"low": True})).json()["items"]
    assert [row["variant_id"] for row in listed] == [variant_id]
    assert (await client.get("/inventory/stock", params={"low": False})).json()["items"] == []


async def test_what_is_sold_out_is_low_without_a_threshold(client: Client, orders: Client) -> None:
    sold_out, store_id = await stocked(client, 2)
    await stocked(client, 2, store_id=store_id)
    untracked, gone = [await product(client, variant_body()) for _ in range(2)]
    await reserve(orders, new_id(), (sold_out, 2))
    for each in (untracked, gone):
        for delta in (1, -1):
            await adjust(client, store_id, each["variants"][0]["id"], delta)
    path = f"/products/{untracked['id']}/variants/{untracked['variants'][0]['id']}"
    assert (await client.patch(path, json={"track_stock": False})).status_code == 200
    assert (await client.delete(f"/products/{gone['id']}")).status_code == 204

    listed = (await client.get("/inventory/stock", params={"low": True})).json()["items"]

    assert [row["variant_id"] for row in listed] == [sold_out]


async def test_revisions_of_a_level_grow_by_one_with_each_event(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 1))
    await orders.delete(f"/internal/reservations/{order_id}")

    changes = [event.data for event in await emitted(context, tenant_id, StockChanged)]

    assert [change["available"] for change in changes] == [10, 9, 10]
    revisions = [change["revision"] for change in changes]
    assert revisions == list(range(revisions[0], revisions[0] + 3))
    assert [e.data["cause"] for e in await emitted(context, tenant_id, StockReleased)] == ["requested"]


async def test_another_business_cannot_reserve_or_release(
    client: Client, orders: Client, other_tenant_id: UUID
) -> None:
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 2))
    stranger = client.acting(system_actor("orders", other_tenant_id))

    refused = await reserve(stranger, new_id(), (variant_id, 1))
    await stranger.delete(f"/internal/reservations/{order_id}")

    assert refused.json()["slug"] == "insufficient-stock"
    assert await level(client, variant_id) == (10, 2, 0, 8)
    staff = client.acting(user(other_tenant_id))
    assert (await staff.get("/inventory/reservations")).json()["items"] == []


async def test_only_services_may_reserve(client: Client) -> None:
    assert (await reserve(client, new_id())).status_code == 403
    assert (await client.delete(f"/internal/reservations/{new_id()}")).status_code == 403
    assert (await reserve(client.acting(None), new_id())).status_code == 401


async def test_bad_requests_are_refused(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 10)
    for quantity in (0, -1, 1.5, "2", 10**10):
        lines = [{"variant_id": variant_id, "quantity": quantity}]
        assert (await reserve(orders, new_id(), lines=lines)).status_code == 422, quantity
    assert (
        await reserve(orders, new_id(), (variant_id, 1), expires_at="2026-01-01T00:00:00")
    ).status_code == 422
    assert (await reserve(orders, new_id(), (variant_id, 1), surprise=1)).status_code == 422
    assert await level(client, variant_id) == (10, 0, 0, 10)


async def test_an_offer_that_no_longer_stands_holds_nothing(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 10)
    (known,) = (await orders.post("/internal/variants/lookup", json={"variant_ids": [variant_id]})).json()[
        "items"
    ]
    right = {"variant_id": variant_id, "price": known["price"]}
    dearer = {"variant_id": variant_id, "price": {**known["price"], "amount": known["price"]["amount"] + 1}}
    unknown = {"variant_id": str(new_id()), "price": known["price"]}

    for offers in ([dearer], [right, unknown]):
        refused = await reserve(orders, new_id(), (variant_id, 3), offers=offers)
        assert refused.status_code == 409
        assert refused.json()["slug"] == "offer-changed"
        assert refused.json()["variants"] == [known]
    assert await level(client, variant_id) == (10, 0, 0, 10)

    held = await reserve(orders, new_id(), (variant_id, 3), offers=[right])
    assert held.json()["variants"] == [known]
    assert await level(client, variant_id) == (10, 3, 0, 7)
