"""Deliveries over HTTP, and their invariants."""

from uuid import UUID

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.notifications.deliveries.service import DeliveryService
from services.notifications.manifest import SERVICE
from services.notifications.tests.deliveries.test_sending import mail
from services.notifications.tests.factories import all_deliveries, run_jobs


async def make(context: ServiceContext, tenant_id: UUID, *recipients: str, **changes: object) -> None:
    """Deliveries that were sent."""
    async with context.unit_of_work(tenant_id=tenant_id) as uow:
        await DeliveryService(uow).start([mail(to, **changes) for to in recipients])
    await run_jobs(context)


async def test_deliveries_are_filtered_and_paged(
    context: ServiceContext, client: Client, tenant_id: UUID
) -> None:
    addresses = [f"{n}-{new_id().hex}@example.com" for n in range(5)]
    await make(context, tenant_id, *addresses)
    await make(context, tenant_id, "off@example.com", suppressed="turned off", type="order_paid")

    sent = await all_deliveries(client, status="sent")
    assert {d["recipient"] for d in sent} == set(addresses)
    assert [d["recipient"] for d in await all_deliveries(client, type="order_paid")] == ["off@example.com"]
    assert len(await all_deliveries(client, recipient=addresses[0], channel="email")) == 1
    assert await all_deliveries(client, channel="push") == []
    assert (await client.get("/deliveries", params={"status": "surprise"})).status_code == 422
    page = (await client.get("/deliveries", params={"limit": 4})).json()
    rest = (await client.get("/deliveries", params={"limit": 4, "cursor": page["next_cursor"]})).json()
    assert len({d["id"] for d in page["items"] + rest["items"]}) == 6
    assert (await client.get(f"/deliveries/{sent[0]['id']}")).json() == sent[0]


async def test_rights_are_demanded_and_tenants_kept_apart(
    context: ServiceContext, client: Client, tenant_id: UUID, other_tenant_id: UUID, email: str
) -> None:
    await make(context, tenant_id, email)
    [delivery] = await all_deliveries(client)
    path = f"/deliveries/{delivery['id']}"

    assert await all_deliveries(client.acting(user(other_tenant_id))) == []
    assert (await client.acting(user(other_tenant_id)).get(path)).status_code == 404
    for target in ("/deliveries", path):
        assert (await client.acting(None).get(target)).status_code == 401
        assert (await client.acting(guest(tenant_id)).get(target)).status_code == 401
        refused = await client.acting(user(tenant_id, "notifications.inbox.read")).get(target)
        assert refused.json()["required_permission"] == "notifications.deliveries.read"


async def test_the_invariants_hold_and_see_a_breach(
    context: ServiceContext, client: Client, tenant_id: UUID, email: str
) -> None:
    from sqlalchemy import text

    await make(context, tenant_id, email)
    checks = {invariant.name: invariant.check for invariant in SERVICE.invariants}
    async with context.unit_of_work(platform=True) as uow:
        before = {name: (await check(uow)).breaches for name, check in checks.items()}
        # Rolled back below: no other test sees it.
        await uow.session.execute(
            text("UPDATE notifications.deliveries SET finished_at = NULL WHERE recipient = :to"),
            {"to": email},
        )
        broken = await checks["every finished delivery was attempted"](uow)
        await uow.session.rollback()

    assert before["every finished delivery was attempted"] == 0
    assert before["no delivery is made twice"] == 0
    assert broken.breaches == 1
