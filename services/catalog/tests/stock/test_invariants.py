"""The invariants find what they are there for."""

from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common.actor import system_actor
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.catalog.invariants import movements_explain_stock, reservations_explain_holds
from services.catalog.tests.factories import stocked
from services.catalog.tests.reservations.facts import reserve


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("UPDATE catalog.stock_levels SET on_hand = on_hand + 1", movements_explain_stock),
        ("DELETE FROM catalog.movements", movements_explain_stock),
        ("UPDATE catalog.stock_levels SET reserved = reserved + 1", reservations_explain_holds),
        ("UPDATE catalog.stock_levels SET reserved = 0, allocated = reserved", reservations_explain_holds),
        ("UPDATE catalog.reservation_lines SET quantity = quantity + 1", reservations_explain_holds),
        ("DELETE FROM catalog.reservation_lines", reservations_explain_holds),
    ],
)
async def test_a_planted_fault_is_found(
    client: Client, context: ServiceContext, tenant_id: UUID, fault: str, check: object
) -> None:
    variant_id, _ = await stocked(client, 10)
    await reserve(client.acting(system_actor("orders", tenant_id)), new_id(), (variant_id, 3))
    assert callable(check)

    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        before = await check(uow)
        await uow.session.execute(text(fault))
        after = await check(uow)

    assert (before.breaches, before.examples) == (0, ())
    assert after.breaches == 1
    assert variant_id in after.examples[0]


@pytest.mark.parametrize(
    "fault",
    ["reserved = 11", "on_hand = -1", "allocated = -1", "reserved = 5, allocated = 6"],
)
async def test_the_database_itself_refuses_impossible_stock(
    client: Client, context: ServiceContext, tenant_id: UUID, fault: str
) -> None:
    await stocked(client, 10)

    with pytest.raises(Exception, match="ck_stock_levels"):
        async with context.unit_of_work(tenant_id=tenant_id) as uow:
            await uow.session.execute(text(f"UPDATE catalog.stock_levels SET {fault}"))
