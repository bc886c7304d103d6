"""Many at once."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.messaging.broker import Verdict
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from libs.common.testing.eventually import eventually
from services.catalog.reservations.schemas import RequestLine, ReservationRequest
from services.catalog.reservations.service import ReservationService
from services.catalog.tests.factories import adjust, level, stocked, store
from services.catalog.tests.reservations.facts import cancelled, paid, reserve, shipped


async def test_of_thirty_buyers_of_ten_pieces_ten_get_one(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 10)

    answers = await asyncio.gather(*(reserve(orders, new_id(), (variant_id, 1)) for _ in range(30)))

    assert Counter(answer.status_code for answer in answers) == {200: 10, 409: 20}
    assert {a.json()["slug"] for a in answers if a.status_code == 409} == {"insufficient-stock"}
    assert await level(client, variant_id) == (10, 10, 0, 0)


async def test_opposite_orders_of_lines_do_not_wait_for_each_other(client: Client, orders: Client) -> None:
    one, main = await stocked(client, 20)
    two, _ = await stocked(client, 20, store_id=main)
    second = (await store(client, name="Second"))["id"]
    for variant_id in (two, one):
        await adjust(client, second, variant_id, 20)
    ways = [((one, 3), (two, 3)), ((two, 3), (one, 3))]

    answers = await asyncio.gather(*(reserve(orders, new_id(), *ways[n % 2]) for n in range(30)))

    assert Counter(answer.status_code for answer in answers) == {200: 13, 409: 17}
    assert await level(client, one) == await level(client, two) == (40, 39, 0, 1)


async def test_one_order_asked_for_at_once_is_held_once(client: Client, orders: Client) -> None:
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()

    answers = await asyncio.gather(*(reserve(orders, order_id, (variant_id, 2)) for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert await level(client, variant_id) == (10, 2, 0, 8)


async def test_a_release_waits_for_the_reservation_that_is_being_made(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    variant_id, _ = await stocked(client, 10)
    order_id = new_id()
    line = RequestLine(variant_id=UUID(variant_id), quantity=2)
    waiting = text(
        "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )

    async with context.unit_of_work(system_actor("orders", tenant_id)) as uow:
        body = ReservationRequest(lines=[line], expires_at=uow.now + timedelta(minutes=5))
        await ReservationService(uow).reserve(order_id, body)
        release = asyncio.create_task(orders.delete(f"/internal/reservations/{order_id}"))

        async def release_waits() -> bool:
            return bool((await uow.session.execute(waiting)).scalar_one())

        await eventually(release_waits)

    assert (await release).status_code == 204
    assert await level(client, variant_id) == (10, 0, 0, 10)


async def test_everything_at_once_leaves_the_books_right(
    client: Client, orders: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    one, main = await stocked(client, 100)
    two, _ = await stocked(client, 100, store_id=main)
    second = (await store(client, name="Second"))["id"]
    ids = [new_id() for _ in range(12)]
    for n, order_id in enumerate(ids):
        lines = [(one, 2), (two, 2)]
        assert (await reserve(orders, order_id, *(lines if n % 2 else reversed(lines)))).status_code == 200

    async def transfer(variant_id: str) -> None:
        body = {"from_store_id": main, "to_store_id": second, "variant_id": variant_id, "quantity": 1}
        response = await client.post("/inventory/transfers", json=body)
        assert response.status_code == 201, response.text

    async def fact(n: int, order_id: UUID) -> None:
        lines = [(two, 2), (one, 2)] if n % 2 else [(one, 2), (two, 2)]
        event = (paid(order_id, *lines), cancelled(order_id), shipped(order_id, *lines))[n % 3]
        assert await deliver(context, event, tenant_id) == [Verdict.DONE]

    await asyncio.gather(
        *(fact(n, order_id) for n, order_id in enumerate(ids)),
        *(transfer(variant_id) for variant_id in (one, two) * 5),
        *(adjust(client, second, variant_id, 1) for variant_id in (two, one) * 5),
    )

    # Four orders were paid, four cancelled, four shipped; five pieces came to each.
    assert await level(client, one) == await level(client, two) == (97, 0, 8, 89)
