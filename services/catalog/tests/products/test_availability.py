"""Lists know at once which products can be bought, and products themselves as soon as the job has run."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.catalog.availability.jobs import renew_availability
from services.catalog.availability.repository import MOST_WAITING
from services.catalog.invariants import products_know_their_stock
from services.catalog.tests.factories import adjust, product, store, variant_body
from services.catalog.tests.reservations.facts import reserve


async def shown(client: Client, **params: Any) -> tuple[list[str], list[str]]:
    """The names of the products in stock, and of those that are not, by name."""
    found = []
    for in_stock in (True, False):
        page = await client.get("/products", params={"in_stock": in_stock, "order": "name", **params})
        assert page.status_code == 200, page.text
        found.append([row["name"] for row in page.json()["items"]])
        assert {row["in_stock"] for row in page.json()["items"]} <= {in_stock}
    return found[0], found[1]


async def kept(context: ServiceContext, tenant_id: UUID) -> dict[str, bool | None]:
    """What products say by their names."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        rows = await uow.session.execute(
            text("SELECT name, is_sellable FROM catalog.products WHERE deleted_at IS NULL")
        )
        return {row[0]: row[1] for row in rows}


async def renew(context: ServiceContext) -> None:
    """Run the job until nothing waits."""
    waiting = True
    while waiting:
        async with context.unit_of_work(platform=True) as uow:
            await renew_availability(uow, {})
            waiting = bool(
                await uow.session.scalar(
                    text(
                        "SELECT EXISTS (SELECT 1 FROM catalog.availability_changes) "
                        "OR EXISTS (SELECT 1 FROM catalog.products WHERE is_sellable IS NULL)"
                    )
                )
            )


async def test_stock_counts_at_once_and_is_kept_by_the_job(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    place = (await store(client))["id"]
    mug = await product(client, name="Mug")
    await product(client, name="Cup")
    variant_id = mug["variants"][0]["id"]
    assert await shown(client) == ([], ["Cup", "Mug"])

    await adjust(client, place, variant_id, 2)
    assert await shown(client) == (["Mug"], ["Cup"])
    assert await shown(client, limit=1) == (["Mug"], ["Cup"])
    assert await kept(context, tenant_id) == {"Mug": False, "Cup": False}
    await renew(context)
    assert await kept(context, tenant_id) == {"Mug": True, "Cup": False}
    assert await shown(client) == (["Mug"], ["Cup"])

    await reserve(client.acting(system_actor("orders", tenant_id)), new_id(), (variant_id, 2))
    assert await shown(client) == ([], ["Cup", "Mug"])
    assert await shown(client, q="mug") == ([], ["Mug"])
    await renew(context)
    assert await kept(context, tenant_id) == {"Mug": False, "Cup": False}
    assert await shown(client) == ([], ["Cup", "Mug"])


async def test_a_change_of_stock_that_sells_nothing_out_is_not_noted(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    place = (await store(client))["id"]
    variant_id = (await product(client))["variants"][0]["id"]
    await adjust(client, place, variant_id, 5)
    await renew(context)

    await reserve(client.acting(system_actor("orders", tenant_id)), new_id(), (variant_id, 4))

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        noted = await uow.session.scalar(text("SELECT count(*) FROM catalog.availability_changes"))
    assert noted == 0


async def test_edits_of_products_and_variants_are_kept_with_them(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    lesson = await product(client, name="Lesson", type="service")
    mug = await product(client, variant_body(), variant_body(track_stock=False), name="Mug")
    assert await kept(context, tenant_id) == {"Lesson": True, "Mug": True}

    await client.patch(f"/products/{lesson['id']}", json={"type": "goods"})
    endless = f"/products/{mug['id']}/variants/{mug['variants'][1]['id']}"
    assert (await client.delete(endless)).status_code == 204
    assert await kept(context, tenant_id) == {"Lesson": False, "Mug": False}

    counted = f"/products/{mug['id']}/variants/{mug['variants'][0]['id']}"
    assert (await client.patch(counted, json={"track_stock": False})).status_code == 200
    await client.post(f"/products/{lesson['id']}/variants", json=variant_body(track_stock=False))
    assert await kept(context, tenant_id) == {"Lesson": True, "Mug": True}
    assert await shown(client) == (["Lesson", "Mug"], [])


async def test_pages_go_on_while_products_wait_for_the_job(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    place = (await store(client))["id"]
    names = [f"Mug {number}" for number in range(7)]
    ids = [(await product(client, name=name))["variants"][0]["id"] for name in names]
    for number in (0, 2, 3):
        await adjust(client, place, ids[number], 1)
    await renew(context)
    for number, delta in ((0, -1), (4, 1), (6, 1)):
        await adjust(client, place, ids[number], delta)

    seen, cursor = [], None
    while True:
        params = {"in_stock": True, "order": "name", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get("/products", params=params)).json()
        seen += [row["name"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == ["Mug 2", "Mug 3", "Mug 4", "Mug 6"]


async def test_products_of_before_are_looked_at_too(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    await product(client, variant_body(track_stock=False), name="Endless")
    await product(client, name="Cup")
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await uow.session.execute(text("UPDATE catalog.products SET is_sellable = NULL"))

    assert await shown(client) == (["Endless"], ["Cup"])
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        many = "INSERT INTO catalog.availability_changes (tenant_id, product_id) SELECT :tenant, gen_random_uuid() "
        await uow.session.execute(
            text(many + "FROM generate_series(0, :count)"), {"tenant": tenant_id, "count": MOST_WAITING}
        )
    assert await shown(client) == (["Endless"], ["Cup"])
    await renew(context)
    assert await kept(context, tenant_id) == {"Endless": True, "Cup": False}


async def test_buyers_of_different_variants_sell_a_product_out(
    client: Client, context: ServiceContext, tenant_id: UUID
) -> None:
    place = (await store(client))["id"]
    mug = await product(client, *(variant_body() for _ in range(4)), name="Mug")
    ids = [variant["id"] for variant in mug["variants"]]
    for variant_id in ids:
        await adjust(client, place, variant_id, 1)
    buyer = client.acting(system_actor("orders", tenant_id))

    await asyncio.gather(
        *(reserve(buyer, new_id(), (variant_id, 1)) for variant_id in ids),
        *(renew(context) for _ in range(2)),
        client.patch(f"/products/{mug['id']}/variants/{ids[0]}", json={"weight_g": 300}),
    )

    assert await shown(client) == ([], ["Mug"])
    await renew(context)
    assert await kept(context, tenant_id) == {"Mug": False}
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert (await products_know_their_stock(uow)).breaches == 0


@pytest.mark.parametrize("fault", ["NOT is_sellable"])
async def test_a_product_that_says_otherwise_is_found(
    client: Client, context: ServiceContext, tenant_id: UUID, fault: str
) -> None:
    await product(client, name="Cup")
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        assert (await products_know_their_stock(uow)).breaches == 0
        await uow.session.execute(text(f"UPDATE catalog.products SET is_sellable = {fault}"))
        found = await products_know_their_stock(uow)
    assert (found.breaches, found.examples[0].rpartition(": ")[2]) == (1, "True, should be False")
