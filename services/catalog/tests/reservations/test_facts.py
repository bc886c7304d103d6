"""What orders reports, in and out of order, late and repeated."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.messaging.event import Event
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.common.testing.round_trips import round_trips
from libs.contracts.catalog import StockAllocated, StockReleased, StockShipped
from services.catalog.tests.factories import adjust, level, product, stocked
from services.catalog.tests.reservations.facts import cancelled, expired, paid, reserve, shipped
from services.catalog.tests.reservations.test_reserving import shown


class Bus:
    """Hands events to the service and sees that each handler took them."""

    def __init__(self, context: ServiceContext, tenant_id: UUID) -> None:
        self.context, self.tenant_id = context, tenant_id

    async def send(self, *events: Event) -> None:
        for event in events:
            assert await deliver(self.context, event, self.tenant_id) == [Verdict.DONE]

    async def count(self, kind: type[Event]) -> int:
        return len(await emitted(self.context, self.tenant_id, kind))


async def test_payment_allocates_and_shipment_takes_it_off(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, store_id = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))

    await bus.send(paid(order_id, (variant_id, 4)))
    assert await level(client, variant_id) == (10, 0, 4, 6)
    await bus.send(shipped(order_id, (variant_id, 1)))
    assert await level(client, variant_id) == (9, 0, 3, 6)
    assert (await shown(client, order_id))["status"] == "allocated"
    await bus.send(shipped(order_id, (variant_id, 3)))

    assert await level(client, variant_id) == (6, 0, 0, 6)
    assert (await shown(client, order_id))["status"] == "shipped"
    assert [await bus.count(kind) for kind in (StockAllocated, StockShipped, StockReleased)] == [1, 2, 0]
    sales = (await client.get("/inventory/movements", params={"type": "sale"})).json()["items"]
    assert sorted(sale["quantity"] for sale in sales) == [-3, -1]
    assert {sale["order_id"] for sale in sales} == {str(order_id)}
    assert {sale["store_id"] for sale in sales} == {store_id}


async def test_a_payment_is_taken_in_five_round_trips(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    variant_id, store_id = await stocked(client, 10)
    another, _ = await stocked(client, 10, store_id=store_id)
    order_id, pieces = new_id(), ((variant_id, 4), (another, 1))
    await reserve(orders, order_id, *pieces)

    with round_trips(context.engine) as trips:
        await Bus(context, tenant_id).send(paid(order_id, *pieces))

    # The event, the reservation with its lines, the stock, what it is called, and then what changed, with the commit.
    assert [len(together) for together in trips.statements[:4]] == [1, 3, 1, 1]
    assert len(trips.statements) == 5


async def test_a_payment_told_twice_allocates_once(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    fact = envelope(paid(order_id, (variant_id, 4)), tenant_id)

    for _ in range(2):
        assert await deliver(context, fact) == [Verdict.DONE]
    await bus.send(paid(order_id, (variant_id, 4)))

    assert await level(client, variant_id) == (10, 0, 4, 6)
    assert await bus.count(StockAllocated) == 1


async def test_a_shipment_told_twice_counts_once(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    shipment = shipped(order_id, (variant_id, 2))

    await bus.send(paid(order_id, (variant_id, 4)), shipment, shipment)

    assert await level(client, variant_id) == (8, 0, 2, 6)
    assert await bus.count(StockShipped) == 1


async def test_cancelling_frees_what_is_reserved_or_allocated_but_not_what_was_shipped(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    reserved, allocated, part_shipped, shipped_whole = (new_id() for _ in range(4))
    for order_id in (reserved, allocated, part_shipped, shipped_whole):
        await reserve(orders, order_id, (variant_id, 2))
    for order_id in (allocated, part_shipped, shipped_whole):
        await bus.send(paid(order_id, (variant_id, 2)))
    await bus.send(shipped(part_shipped, (variant_id, 1)), shipped(shipped_whole, (variant_id, 2)))
    assert await level(client, variant_id) == (7, 2, 3, 2)

    for order_id in (reserved, allocated, part_shipped, shipped_whole):
        await bus.send(cancelled(order_id), cancelled(order_id))

    assert await level(client, variant_id) == (7, 0, 0, 7)
    assert await bus.count(StockReleased) == 3
    assert (await shown(client, shipped_whole))["status"] == "shipped"


async def test_a_cancellation_that_overtook_the_payment_wins(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    known, unknown, late = new_id(), new_id(), new_id()
    await reserve(orders, known, (variant_id, 4))
    await reserve(orders, late, (variant_id, 4))

    await bus.send(cancelled(known), paid(known, (variant_id, 4)))
    await bus.send(cancelled(unknown), paid(unknown, (variant_id, 4)))
    await bus.send(expired(late), cancelled(late), paid(late, (variant_id, 4)))

    assert await level(client, variant_id) == (10, 0, 0, 10)
    assert await bus.count(StockAllocated) == 0


async def test_a_payment_after_expiry_takes_free_stock(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))

    await bus.send(expired(order_id))
    assert await level(client, variant_id) == (10, 0, 0, 10)
    await bus.send(paid(order_id, (variant_id, 4)))

    assert await level(client, variant_id) == (10, 0, 4, 6)
    assert (await shown(client, order_id))["shortfall"] is None
    assert await bus.count(StockAllocated) == 1


async def test_a_payment_after_expiry_without_stock_is_recorded_and_can_be_filled_later(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, store_id = await stocked(client, 4)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    await bus.send(expired(order_id))
    await reserve(orders, new_id(), (variant_id, 1))

    await bus.send(paid(order_id, (variant_id, 4)))

    (short,) = (await client.get("/inventory/reservations", params={"short": True})).json()["items"]
    assert (short["order_id"], short["status"]) == (str(order_id), "released")
    assert short["shortfall"] == [{"variant_id": variant_id, "requested": 4, "available": 3}]
    assert await bus.count(StockAllocated) == 0
    path = f"/inventory/reservations/{order_id}/allocate"
    assert (await client.post(path)).json()["slug"] == "insufficient-stock"
    await adjust(client, store_id, variant_id, 1)
    filled = await client.post(path)
    assert (filled.json()["status"], filled.json()["shortfall"]) == ("allocated", None)
    assert await level(client, variant_id) == (5, 1, 4, 0)
    assert (await client.post(path)).json()["slug"] == "invalid-transition"
    assert (await client.post(f"/inventory/reservations/{new_id()}/allocate")).status_code == 404


async def test_an_expiry_that_comes_after_the_renewal_or_the_payment_is_ignored(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    before = datetime.now(UTC) - timedelta(seconds=1)
    await reserve(orders, order_id, (variant_id, 4), renew=True)

    assert await deliver(context, envelope(expired(order_id), tenant_id, time=before)) == [Verdict.DONE]
    assert await level(client, variant_id) == (10, 4, 0, 6)
    await bus.send(paid(order_id, (variant_id, 4)), expired(order_id))

    assert await level(client, variant_id) == (10, 0, 4, 6)


async def test_a_renewed_hold_expires_like_any_other(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))
    await bus.send(expired(order_id))
    await reserve(orders, order_id, (variant_id, 4), renew=True)

    await bus.send(expired(order_id))

    assert await level(client, variant_id) == (10, 0, 0, 10)


async def test_a_shipment_that_overtook_the_payment_is_taken_off_what_is_reserved(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 4))

    await bus.send(shipped(order_id, (variant_id, 4)), paid(order_id, (variant_id, 4)))

    assert await level(client, variant_id) == (6, 0, 0, 6)
    assert (await shown(client, order_id))["status"] == "shipped"
    assert await bus.count(StockAllocated) == 1


async def test_a_shipment_without_a_hold_takes_what_is_free_and_records_the_rest(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 5)
    await reserve(orders, new_id(), (variant_id, 2))
    order_id = new_id()

    await bus.send(shipped(order_id, (variant_id, 4)))

    assert await level(client, variant_id) == (2, 2, 0, 0)
    shortfall = (await shown(client, order_id))["shortfall"]
    assert shortfall == [{"variant_id": variant_id, "requested": 4, "available": 3}]


async def test_an_order_of_services_is_allocated_and_shipped_without_stock(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id = (await product(client, type="service"))["variants"][0]["id"]
    order_id = new_id()
    await reserve(orders, order_id, (variant_id, 1))

    await bus.send(paid(order_id, (variant_id, 1)), shipped(order_id, (variant_id, 1)))

    assert (await shown(client, order_id))["shortfall"] is None
    assert [await bus.count(kind) for kind in (StockAllocated, StockShipped)] == [1, 0]


async def test_a_paid_order_that_was_never_reserved_takes_free_stock(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    bus = Bus(context, tenant_id)
    variant_id, _ = await stocked(client, 5)
    enough, too_much = new_id(), new_id()

    await bus.send(paid(enough, (variant_id, 3)), paid(too_much, (variant_id, 3)))

    assert await level(client, variant_id) == (5, 0, 3, 2)
    assert (await shown(client, too_much))["shortfall"][0]["available"] == 2
