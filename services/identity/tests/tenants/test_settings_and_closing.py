"""What a business sets for itself, and what becomes of one that is closed."""

from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import TenantErasureDue, TenantReactivated, TenantSuspended
from services.identity.tenants.jobs import mark_closed_tenants
from services.identity.tests.outsiders import signed_in_now


async def test_settings_are_read_as_they_count(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/settings"

    found = (await boss.get(path)).json()
    assert (found["locale"], found["timezone"], found["currency"]) == ("en", "UTC", "ZAR")
    assert found["branding"] == {"name": "Karoo Coffee", "colours": {}, "logo_url": None}
    brand = {"name": "Karoo", "colours": {"primary": "#8b4513"}, "logo_url": "https://cdn.example/logo.png"}
    body = {"locale": "ru", "timezone": "Africa/Johannesburg", "currency": "EUR", "branding": brand}
    changed = await boss.patch(path, json=body)
    assert changed.status_code == 200, changed.text
    found = (await boss.get(path)).json()
    assert {name: found[name] for name in body} == body
    # Absent stays, null goes back.
    await boss.patch(path, json={"branding": {"name": None}, "locale": None})
    found = (await boss.get(path)).json()
    assert found["branding"] == {**brand, "name": "Karoo Coffee"}
    assert (found["locale"], found["timezone"]) == ("en", "Africa/Johannesburg")
    assert (await boss.patch(path, json={"branding": None})).json()["branding"]["logo_url"] is None
    whole = await boss.put(path, json={"locale": "ru"})
    assert (whole.json()["settings"], whole.json()["currency"]) == ({"locale": "ru"}, "EUR")


async def test_settings_that_make_no_sense_are_refused(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    path = f"/tenants/{owner.company_id}/settings"

    for body in (
        {"currency": "XXX"},
        {"currency": None},
        {"locale": "english"},
        {"branding": {"colours": {"primary": "red"}}},
        {"branding": {"logo_url": "javascript:alert(1)"}},
        {"branding": {"surprise": 1}},
        {"branding": {"name": ""}},
    ):
        assert (await boss.patch(path, json=body)).status_code == 422, body
    assert (await rival.get(path)).status_code == 404
    assert (await platform.anyone.get(path)).status_code == 401


async def test_nobody_signs_in_to_a_closed_business_and_it_can_be_opened_again(
    later: Any, future: Any
) -> None:
    owner = await future.business()
    boss = await future.signed_in(owner.email)
    secret = (await boss.post("/api-keys", json={"name": "Till", "scopes": ["crm.deals.read"]})).json()[
        "secret"
    ]
    clerk = await signed_in_now(later, user(OPERATOR_TENANT_ID, "identity.*"))
    staff = Client(later, clerk, app=boss.app)
    path = f"/tenants/{owner.company_id}"
    access = (await future.login(owner.email))["access"]
    key = {"kind": "token", "token": secret}

    assert (await staff.delete(path)).status_code == 204

    closed = (await staff.get(path)).json()
    assert closed["status"] == "closed"
    assert closed["kept_until"] > closed["closed_at"]
    assert (await future.authenticate(access, company_id=str(owner.company_id))).json()[
        "slug"
    ] == "tenant-forbidden"
    assert (await future.actor(access)).tenant_id is None
    assert (await future.authenticate(None, credential=key)).status_code == 401
    assert (await future.authenticate(None, company_id=str(owner.company_id))).status_code == 403
    later.clock.advance(seconds=80 * 86400)
    opened = await staff.post(f"{path}/reopen")
    assert (opened.status_code, opened.json()["status"], opened.json()["kept_until"]) == (200, "active", None)
    assert (await future.actor((await future.login(owner.email))["access"])).tenant_id == owner.company_id
    assert (await future.authenticate(None, credential=key)).status_code == 200
    assert (await staff.post(f"{path}/reopen")).status_code == 409
    assert len(await emitted(later, owner.company_id, TenantSuspended)) == 1
    assert len(await emitted(later, owner.company_id, TenantReactivated)) == 1


async def test_a_closed_business_is_marked_once_its_time_is_over(later: Any, future: Any) -> None:
    owner = await future.business()
    boss = await future.signed_in(owner.email)
    clerk = await signed_in_now(later, user(OPERATOR_TENANT_ID, "identity.*"))
    staff = Client(later, clerk, app=boss.app)
    path = f"/tenants/{owner.company_id}"
    await staff.delete(path)

    async def passed(days: int) -> Any:
        later.clock.advance(seconds=days * 86400)
        for _ in range(2):
            async with later.unit_of_work(platform=True) as uow:
                await mark_closed_tenants(uow, {})
        return (await staff.get(path)).json()["erasure_due_at"]

    assert await passed(89) is None
    assert await passed(2) is not None
    assert len(await emitted(later, owner.company_id, TenantErasureDue)) == 1
    late = await staff.post(f"{path}/reopen")
    assert (late.status_code, late.json()["slug"]) == (409, "invalid-transition")
    assert (await boss.post(f"{path}/reopen")).status_code == 403
