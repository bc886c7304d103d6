"""The invariants hold for an order that lived, and each notices the breach it is there for."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from libs.common.clock import ManualClock
from libs.common.runtime.upstreams import Upstreams
from libs.common.settings import CommonSettings
from services.orders.manifest import SERVICE
from services.orders.tests.catalog_app import CatalogApp
from services.orders.tests.shop import Shop, ok

BREACHES = {
    "the totals of every order re-add": "UPDATE orders.orders SET subtotal_amount = subtotal_amount + 1,"
    " total_amount = total_amount + 1",
    "every placed order has a number and says until when its stock is held": "UPDATE orders.orders"
    " SET reserved_until = NULL, status = 'placed'",
    "every paid order has one payment unless its total is zero, and became paid once on its timeline": "UPDATE orders.orders"
    " SET payment_id = NULL",
    "order numbers have no gaps": "UPDATE orders.document_numbers SET last_value = last_value + 1",
    "the last state on the timeline of an order is its own": "UPDATE orders.orders SET status = 'completed'",
    "nothing was sent that was not ordered": "DELETE FROM orders.shipment_lines",
}


@pytest.fixture
async def lived(fresh_database: Callable[..., CommonSettings], catalog: CatalogApp, tenant_id: UUID) -> Shop:
    """A shop with a database to itself, an order that was paid and sent, and one of which nothing was to be paid."""
    from libs.common.runtime.context import ServiceContext

    settings, clock = fresh_database(SERVICE), ManualClock()
    context = ServiceContext(SERVICE, settings, clock=clock)
    context.upstreams = Upstreams({}, context.signer, clock)
    context.upstreams.register("catalog", catalog.app)
    shop = Shop(context, clock, catalog.shelf(tenant_id), tenant_id)
    order = await shop.paid()
    ok(await shop.client.post(f"/orders/{order['id']}/shipments"), 201)
    body = {
        "currency": "ZAR",
        "email": "a@example.com",
        "items": [{"variant_id": shop.shelf.add(price=0, type="service", weight_g=None), "quantity": 1}],
    }
    ok(await shop.client.post("/orders", json=body, headers={"Idempotency-Key": "k"}), 201)
    return shop


async def breached(shop: Shop) -> set[str]:
    """The invariants that do not hold."""
    async with shop.context.unit_of_work(platform=True) as uow:
        return {i.name for i in SERVICE.invariants if (await i.check(uow)).breaches}


async def test_every_invariant_notices_its_breach(lived: Shop) -> None:
    assert await breached(lived) == set()
    assert BREACHES.keys() == {invariant.name for invariant in SERVICE.invariants}

    for name, statement in BREACHES.items():
        with psycopg.connect(lived.context.common.database_url) as admin:
            admin.execute("SET session_replication_role = replica")
            saved = {
                table: admin.execute(f"SELECT * FROM orders.{table}").fetchall()
                for table in ("orders", "document_numbers", "shipment_lines")
            }
            assert saved["orders"]
            admin.execute("CREATE TEMP TABLE o AS TABLE orders.orders")
            admin.execute("CREATE TEMP TABLE d AS TABLE orders.document_numbers")
            admin.execute("CREATE TEMP TABLE s AS TABLE orders.shipment_lines")
            assert admin.execute(statement).rowcount > 0
            admin.commit()
            assert name in await breached(lived), name
            for table, copy in (("orders", "o"), ("document_numbers", "d"), ("shipment_lines", "s")):
                admin.execute(f"DELETE FROM orders.{table}")
                admin.execute(f"INSERT INTO orders.{table} TABLE {copy}")
            admin.commit()
    assert await breached(lived) == set()
    await lived.context.close()


async def test_lines_contain_no_more_tax_than_their_order(lived: Shop) -> None:
    with psycopg.connect(lived.context.common.database_url) as admin:
        admin.execute("SET session_replication_role = replica")
        changed = admin.execute("UPDATE orders.order_lines SET tax_included_amount = 1")
        assert changed.rowcount > 0

    assert await breached(lived) == {"the totals of every order re-add"}
    await lived.context.close()
