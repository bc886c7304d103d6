"""The sweep of holds that nobody paid for."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from libs.common.actor import system_actor
from libs.common.clock import ManualClock
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.settings import CommonSettings
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver
from services.catalog.manifest import SERVICE
from services.catalog.reservations.jobs import GRACE, release_stale_reservations
from services.catalog.tests.factories import level, stocked
from services.catalog.tests.reservations.facts import paid, reserve
from services.catalog.tests.reservations.test_reserving import shown


async def sweep(context: ServiceContext) -> None:
    """One run of the job."""
    async with context.unit_of_work(platform=True) as uow:
        await release_stale_reservations(uow, {})


async def test_a_hold_is_released_once_the_grace_is_over_and_not_before(
    fresh_database: Callable[..., CommonSettings],
) -> None:
    clock = ManualClock()
    context = ServiceContext(SERVICE, fresh_database(SERVICE), clock=clock)
    until = datetime.now(UTC) + timedelta(minutes=15)
    shops = []
    try:
        for _ in range(2):
            tenant_id = new_id()
            client = Client(context, user(tenant_id))
            orders = client.acting(system_actor("orders", tenant_id))
            variant_id, _ = await stocked(client, 10)
            due, later, bought = new_id(), new_id(), new_id()
            await reserve(orders, due, (variant_id, 1), expires_at=until.isoformat())
            await reserve(
                orders, later, (variant_id, 2), expires_at=(until + timedelta(minutes=1)).isoformat()
            )
            await reserve(orders, bought, (variant_id, 3), expires_at=until.isoformat())
            await deliver(context, paid(bought, (variant_id, 3)), tenant_id)
            shops.append((client, variant_id, due, later))

        clock.advance(seconds=(until + GRACE - clock.now()).total_seconds())
        await sweep(context)
        for client, variant_id, _, _ in shops:
            assert await level(client, variant_id) == (10, 3, 3, 4)
        clock.advance(seconds=1)
        await sweep(context)

        for client, variant_id, due, later in shops:
            assert await level(client, variant_id) == (10, 2, 3, 5)
            assert (await shown(client, due))["release_cause"] == "stale"
            assert (await shown(client, later))["status"] == "reserved"
    finally:
        await context.close()
