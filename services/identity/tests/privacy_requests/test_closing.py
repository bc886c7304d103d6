"""What a business had that closed long ago is erased: by every service, in steps, once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.registry import NAMES
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import deliver, emitted, envelope
from libs.contracts.audit import CHANGE_RECORDED, change_recorded
from libs.contracts.features import FEATURES
from libs.contracts.identity import TenantErasureDue
from services.identity.privacy_requests.figures import measure_requests
from services.identity.tenants.jobs import mark_closed_tenants
from services.identity.tests.outsiders import PASSWORD, Platform, Registered, signed_in_now
from services.identity.tests.privacy_requests.others import DONE, PLACE, Flow

REMOVED = ("members", "member_roles", "domains", "departments", "invitations", "roles", "provisioning_steps")
SETTLED = 601


@pytest.fixture
async def staff(flow: Flow) -> Client:
    """Somebody of the operator's staff."""
    return Client(flow.context, await signed_in_now(flow.context, user(OPERATOR_TENANT_ID, "identity.*")))


async def furnished(flow: Flow) -> Registered:
    """A business with a few things of its own."""
    platform = Platform(flow.context)
    owner = await platform.business(
        business={
            "name": "Karoo Coffee",
            "country": "ZA",
            "phone": "+27215550100",
            "address": "1 Long Street",
        }
    )
    boss = Client(flow.context, await signed_in_now(flow.context, user(owner.company_id, features=FEATURES)))
    path = f"/tenants/{owner.company_id}"
    for at, body in (
        (f"{path}/departments", {"name": "Roastery"}),
        (f"{path}/domains", {"host": f"shop-{new_id().hex}.example"}),
        (f"{path}/invitations", {"email": platform.email(), "roles": ["manager"]}),
        ("/roles", {"code": "till", "name": "Till", "permissions": ["identity.users.read"]}),
        ("/api-keys", {"name": "Till", "scopes": ["identity.users.read"]}),
    ):
        made = await boss.post(at, json=body)
        assert made.status_code == 201, made.text
    token = await platform.post("/auth/token", {"username": owner.email, "password": PASSWORD})
    assert token.status_code == 200, token.text
    return owner


async def closed(flow: Flow, staff: Client, owner: Registered) -> str:
    """The path of its erasure, which has begun."""
    assert (await staff.delete(f"/tenants/{owner.company_id}")).status_code == 204
    flow.clock.advance(seconds=91 * 86400)
    await mark(flow)
    return f"/tenants/{owner.company_id}/erasure"


async def mark(flow: Flow) -> None:
    """One run of the job that looks for businesses whose time is over."""
    async with flow.context.unit_of_work(platform=True) as uow:
        await mark_closed_tenants(uow, {})


async def count(flow: Flow, table: str, company_id: UUID, condition: str = "true") -> int:
    """How many rows of a business there are."""
    async with flow.context.unit_of_work(platform=True) as uow:
        statement = text(f"SELECT count(*) FROM identity.{table} WHERE tenant_id = :id AND {condition}")
        return int(await uow.session.scalar(statement, {"id": company_id}) or 0)


async def fetch(flow: Flow, sql: str, company_id: UUID) -> Any:
    """One row about a business."""
    async with flow.context.unit_of_work(platform=True) as uow:
        return (await uow.session.execute(text(sql), {"id": company_id})).one()


def asked_of(flow: Flow, name: str, company_id: UUID) -> list[tuple[str, str, dict[str, Any]]]:
    """What a service was asked about a business; other tests have businesses of their own."""
    return [one for one in flow.others[name].asked if one[2]["tenant_id"] == str(company_id)]


def by_service(found: Any) -> dict[str, Any]:
    """The receipts of a request."""
    return {receipt["service"]: receipt for receipt in found["receipts"]}


async def test_every_service_erases_what_a_closed_business_has(flow: Flow, staff: Client) -> None:
    owner, neighbour = await furnished(flow), await furnished(flow)
    recorded = change_recorded("crm", "updated", "deal", new_id(), None, {"name": "x"})
    await deliver(flow.context, envelope(recorded, owner.company_id), handler="identity.record_audit")
    beside = {table: await count(flow, table, neighbour.company_id) for table in REMOVED}
    flow.others["orders"].steps = 3

    path = await closed(flow, staff, owner)
    await flow.erase()
    begun = (await staff.get(path)).json()
    # What is on its way is waited for.
    assert (begun["status"], {r["status"] for r in begun["receipts"]}) == ("running", {"pending"})
    assert asked_of(flow, "crm", owner.company_id) == []
    flow.clock.advance(seconds=SETTLED)
    await flow.erase()

    done = (await staff.get(path)).json()
    assert (done["status"], by_service(done).keys()) == ("completed", set(NAMES))
    assert by_service(done)["orders"]["erased"] == 3 * DONE["erased"]
    asked = {
        "request_id": done["id"],
        "user_id": None,
        "email": None,
        "tenant_id": str(owner.company_id),
        "is_business": True,
    }
    assert asked_of(flow, "crm", owner.company_id) == [
        ("erasures", f"{done['id']}:0", {**asked, "place": None})
    ]
    assert [body["place"] for _, _, body in asked_of(flow, "orders", owner.company_id)] == [
        None,
        PLACE,
        PLACE,
    ]
    for table in REMOVED:
        assert beside[table] > 0, table
        assert await count(flow, table, owner.company_id) == 0, table
        assert await count(flow, table, neighbour.company_id) == beside[table], table
    # Keys are the business's; tokens are the person's.
    assert await count(flow, "api_keys", owner.company_id, "user_id IS NULL") == 0
    assert await count(flow, "api_keys", owner.company_id, "user_id IS NOT NULL") == 1
    kept = {reason["table"]: reason for reason in by_service(done)["identity"]["reasons"]}
    assert kept["tenants"]["count"] == kept["registrations"]["count"] == 1
    assert (kept["audit_log"]["column"], kept["audit_log"]["count"] >= 1) == ("*", True)
    tenant = (await staff.get(f"/tenants/{owner.company_id}")).json()
    assert (tenant["phone"], tenant["address"], tenant["settings"]) == (None, None, {})
    assert (tenant["name"], tenant["erased_at"] is not None) == ("Karoo Coffee", True)
    sql = "SELECT owner_email, business, answers FROM identity.registrations WHERE tenant_id = :id"
    assert tuple(await fetch(flow, sql, owner.company_id)) == (
        f"erased-{UUID(done['id']).hex}@erased.invalid",
        {},
        {},
    )
    # The account is the person's, who may belong elsewhere.
    account = await fetch(flow, "SELECT email FROM identity.users WHERE id = :id", owner.user_id)
    assert account.email == owner.email
    noted = await emitted(flow.context, OPERATOR_TENANT_ID, CHANGE_RECORDED["identity"])
    assert any(
        event.data["action"] == "erased" and event.data["resource_id"] == str(owner.company_id)
        for event in noted
    )


async def test_it_goes_on_where_it_was_and_is_asked_for_once(flow: Flow, staff: Client) -> None:
    owner = await Platform(flow.context).business()
    flow.others["orders"].steps = 53
    flow.others["payments"].is_away = True

    path = await closed(flow, staff, owner)
    await mark(flow)
    flow.clock.advance(seconds=SETTLED)
    await flow.erase()
    midway = (await staff.get(path)).json()
    await mark(flow)
    flow.others["payments"].is_away = False
    flow.clock.advance(hours=1)
    await flow.erase()

    done = (await staff.get(path)).json()
    assert (midway["status"], by_service(midway)["payments"]["last_error"]) == ("running", "unavailable")
    assert by_service(midway)["identity"]["status"] == "pending"
    assert (await staff.get(f"/tenants/{owner.company_id}")).json()["erased_at"] is not None
    assert (done["id"], done["status"]) == (midway["id"], "completed")
    assert [int(key.partition(":")[2]) for _, key, _ in asked_of(flow, "orders", owner.company_id)] == [
        *range(53)
    ]
    assert len(await emitted(flow.context, owner.company_id, TenantErasureDue)) == 1
    flow.clock.advance(days=1)
    await mark(flow)
    await flow.erase()
    assert len(asked_of(flow, "orders", owner.company_id)) == 53
    assert (await staff.post(f"/tenants/{owner.company_id}/reopen")).status_code == 409


async def test_an_erasure_that_waits_for_long_is_a_figure(flow: Flow, staff: Client) -> None:
    async def late() -> float:
        async with flow.context.unit_of_work(platform=True) as uow:
            await measure_requests(uow)
        return REGISTRY.get_sample_value("pillars_privacy_requests_late", {"kind": "closing"}) or 0.0

    owner = await Platform(flow.context).business()
    path = await closed(flow, staff, owner)
    request_id = (await staff.get(path)).json()["id"]

    async def asked_before(seconds: int) -> float:
        async with flow.context.unit_of_work(platform=True) as uow:
            asked = text("UPDATE identity.privacy_requests SET created_at = :now - :ago WHERE id = :id")
            ago = timedelta(seconds=seconds)
            await uow.session.execute(asked, {"now": uow.now, "ago": ago, "id": request_id})
        return await late()

    assert measure_requests in flow.context.service.measures
    before = await asked_before(3000)
    assert await asked_before(4000) == before + 1
    flow.clock.advance(seconds=SETTLED)
    await flow.erase()
    assert (await staff.get(path)).json()["status"] == "completed"
    assert await late() <= before


async def test_those_that_were_marked_before_are_erased_too(flow: Flow, staff: Client) -> None:
    owner = await Platform(flow.context).business()
    assert (await staff.delete(f"/tenants/{owner.company_id}")).status_code == 204
    flow.clock.advance(days=91)
    async with flow.context.unit_of_work(platform=True) as uow:
        marked = text("UPDATE identity.tenants SET erasure_due_at = kept_until WHERE id = :id")
        await uow.session.execute(marked, {"id": owner.company_id})

    await mark(flow)
    flow.clock.advance(seconds=SETTLED)
    await flow.erase()

    assert (await staff.get(f"/tenants/{owner.company_id}/erasure")).json()["status"] == "completed"
    assert await emitted(flow.context, owner.company_id, TenantErasureDue) == []


async def test_requests_about_people_are_left_alone_and_the_other_way_round(
    flow: Flow, staff: Client, client: Client
) -> None:
    owner = await Platform(flow.context).business()
    path = await closed(flow, staff, owner)
    flow.clock.advance(seconds=SETTLED)
    made = (await client.post("/privacy/exports", json={"email": "thandi@example.com"})).json()

    # The release before runs what is `pending`, and would take a business for a person.
    await flow.run()
    assert (await staff.get(path)).json()["status"] == "running"
    assert (await client.get(f"/privacy/exports/{made['id']}")).json()["status"] == "completed"
    assert asked_of(flow, "crm", owner.company_id) == []

    boss = Client(flow.context, user(owner.company_id, "identity.privacy.*"))
    assert (await boss.get("/privacy/erasures")).json()["items"] == []
    assert (await boss.get(path)).status_code == 403
    modest = client.acting(user(new_id(), "identity.company.write"))
    assert (await modest.get(path)).status_code == 403
    assert (await staff.get(f"/tenants/{new_id()}/erasure")).status_code == 404
