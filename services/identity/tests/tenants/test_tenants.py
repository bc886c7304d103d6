"""Businesses over HTTP."""

from typing import Any

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import MemberAdded, TenantActivated, TenantReactivated, TenantSuspended
from services.identity.tests.outsiders import signed_in_now


async def test_members_read_their_business_and_staff_read_any(platform: Any, staff: Client) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    path = f"/tenants/{owner.company_id}"

    shown = await boss.get(path)
    assert shown.status_code == 200
    assert (shown.json()["name"], shown.json()["currency"], shown.json()["status"]) == (
        "Karoo Coffee",
        "ZAR",
        "active",
    )
    assert (await boss.get("/tenants/current")).json() == shown.json()
    assert (await staff.get(path)).json() == shown.json()
    assert (await rival.get(path)).status_code == 404
    # One belongs to a business even while acting in another.
    await boss.post(f"{path}/members", json={"email": other.email, "roles": ["editor"]})
    assert (await rival.get(path)).status_code == 200
    assert (await platform.anyone.get(path)).status_code == 401


async def test_an_owner_changes_what_is_the_business_s_own(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}"

    changed = await boss.patch(path, json={"phone": "+27", "address": "Loop Street"})
    assert (changed.json()["phone"], changed.json()["name"]) == ("+27", "Karoo Coffee")
    assert (await boss.patch(path, json={"phone": None})).json()["phone"] is None
    for change in ({"slug": "mine"}, {"currency": "USD"}, {"country": "KZ"}):
        refused = await boss.patch(path, json=change)
        assert (refused.status_code, refused.json()["required_permission"]) == (403, "identity.tenants.write")
    same = changed.json()
    replaced = await boss.put(path, json={k: same[k] for k in ("name", "slug", "currency", "country")})
    assert (replaced.status_code, replaced.json()["address"]) == (200, None)
    for change in ({"name": None}, {"name": ""}, {"status": "active"}, {"surprise": 1}, {"website": "x\x00"}):
        assert (await boss.patch(path, json=change)).status_code == 422, change


async def test_an_old_version_is_refused(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}"
    etag = (await boss.get(path)).headers["etag"]
    await boss.patch(path, json={"phone": "1"})

    assert (await boss.patch(path, json={"phone": "2"}, headers={"If-Match": etag})).status_code == 412


@pytest.mark.parametrize("method", ["patch", "put"])
async def test_settings_of_an_old_version_are_refused(platform: Any, method: str) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/settings"
    etag = (await boss.patch(path, json={"locale": "en"})).headers["etag"]
    await boss.patch(path, json={"locale": "ru"})

    refused = await getattr(boss, method)(path, json={"locale": "en"}, headers={"If-Match": etag})

    assert (refused.status_code, refused.json()["slug"]) == (412, "precondition-failed")
    assert (await boss.get(path)).json()["settings"]["locale"] == "ru"


async def test_settings_are_merged_and_null_takes_one_back(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/settings"

    await boss.patch(path, json={"timezone": "Africa/Johannesburg", "locale": "en"})
    merged = await boss.patch(path, json={"locale": None, "support_email": "help@example.com"})

    assert merged.json()["settings"] == {
        "timezone": "Africa/Johannesburg",
        "support_email": "help@example.com",
    }
    for body in ({"timezone": "Mars/Olympus"}, {"surprise": 1}, {"logo_url": "javascript:alert(1)"}):
        assert (await boss.patch(path, json=body)).status_code == 422


async def test_others_change_nothing(context: ServiceContext, platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    rival = await platform.signed_in(other.email)
    clerk = Client(context, user(owner.company_id, "catalog.*"))
    path = f"/tenants/{owner.company_id}"

    assert (await rival.patch(path, json={"phone": "1"})).status_code == 404
    assert (await rival.patch(f"{path}/settings", json={"locale": "en"})).status_code == 404
    refused = await clerk.patch(path, json={"phone": "1"})
    assert (refused.status_code, refused.json()["required_permission"]) == (403, "identity.company.write")
    boss = await platform.signed_in(owner.email)
    for method, tail, needed in (
        ("GET", "", "identity.tenants.read"),
        ("POST", "", "identity.tenants.write"),
        ("DELETE", f"/{owner.company_id}", "identity.tenants.write"),
        ("POST", f"/{owner.company_id}/suspend", "identity.tenants.suspend"),
        ("POST", f"/{owner.company_id}/reactivate", "identity.tenants.suspend"),
    ):
        body = {"name": "x", "owner_id": str(owner.user_id)} if (method, tail) == ("POST", "") else None
        response = await boss.request(method, f"/tenants{tail}", json=body)
        assert (response.status_code, response.json()["required_permission"]) == (403, needed)


async def test_a_business_is_suspended_and_reactivated(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    owner = await platform.business()
    path = f"/tenants/{owner.company_id}"

    suspended = await staff.post(f"{path}/suspend", json={"reason": "unpaid"})
    assert (suspended.json()["status"], suspended.json()["status_reason"]) == ("suspended", "unpaid")
    assert (await platform.signed_in(owner.email)).actor.tenant_status == "suspended"
    assert (await staff.post(f"{path}/suspend")).json()["slug"] == "invalid-transition"
    assert (await staff.post(f"{path}/reactivate")).json()["status"] == "active"
    assert (await staff.post(f"{path}/reactivate")).status_code == 409

    (off,) = await emitted(context, owner.company_id, TenantSuspended)
    assert off.data["reason"] == "unpaid"
    assert len(await emitted(context, owner.company_id, TenantReactivated)) == 1


async def test_a_business_that_waits_cannot_be_reactivated(platform: Any, staff: Client) -> None:
    pending = await platform.register()

    for step in ("suspend", "reactivate"):
        assert (await staff.post(f"/tenants/{pending.company_id}/{step}")).status_code == 409
    assert (await staff.post(f"/tenants/{OPERATOR_TENANT_ID}/suspend")).status_code == 409
    assert (await staff.post(f"/tenants/{new_id()}/suspend")).status_code == 404


async def test_staff_set_up_change_and_close_a_business(
    context: ServiceContext, platform: Any, staff: Client
) -> None:
    owner = await platform.business()
    slug = f"branch-{new_id().hex}"

    made = await staff.post(
        "/tenants",
        json={"name": "Second Branch", "owner_id": str(owner.user_id), "country": "NA", "slug": slug},
    )
    assert made.status_code == 201, made.text
    company = made.json()
    assert (company["status"], company["currency"], company["slug"]) == ("active", "NAD", slug)
    path = f"/tenants/{company['id']}"
    boss = await platform.signed_in(owner.email, company_id=company["id"])
    assert boss.actor.roles == ("owner",)
    kinds = [e.type for e in await emitted(context, boss.actor.tenant_id)]
    assert kinds == [MemberAdded.wire_name, TenantActivated.wire_name]
    taken = await staff.post("/tenants", json={"name": "x", "owner_id": str(owner.user_id), "slug": slug})
    assert (taken.status_code, taken.json()["slug"]) == (409, "slug-taken")
    assert (await staff.patch(path, json={"currency": "ZAR", "slug": f"{slug}-2"})).json()[
        "currency"
    ] == "ZAR"
    other_slug = (await staff.get(f"/tenants/{owner.company_id}")).json()["slug"]
    assert (await staff.patch(path, json={"slug": other_slug})).json()["slug"] == "slug-taken"
    closer = staff.acting(await signed_in_now(context, staff.actor))
    assert (await staff.delete(path)).json()["slug"] == "reauthentication-required"
    assert (await closer.delete(path)).status_code == 204
    assert (await staff.get(path)).json()["status"] == "closed"
    assert (await closer.delete(path)).status_code == 409
    assert (await staff.post("/tenants", json={"name": "x", "owner_id": str(new_id())})).status_code == 404


async def test_businesses_are_listed_for_staff(platform: Any, staff: Client) -> None:
    word = f"w{new_id().hex}"
    made = [await platform.register(business={"name": f"{word} {n}", "country": "ZA"}) for n in range(3)]

    async def listed(**params: Any) -> list[str]:
        response = await staff.get("/tenants", params={"q": word, **params})
        return [row["id"] for row in response.json()["items"]]

    ids = [str(m.company_id) for m in made]
    assert await listed() == ids[::-1]
    assert await listed(order="name") == ids
    assert await listed(status="active") == []
    assert await listed(status=["active", "pending"], country="ZA") == ids[::-1]
    first = (await staff.get("/tenants", params={"q": word, "limit": 2})).json()
    rest = (
        await staff.get("/tenants", params={"q": word, "limit": 2, "cursor": first["next_cursor"]})
    ).json()
    assert [row["id"] for row in first["items"] + rest["items"]] == ids[::-1]


async def test_guests_see_no_business(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    visitor = Client(context, guest(owner.company_id))

    for path in ("/tenants", "/tenants/current", f"/tenants/{owner.company_id}"):
        assert (await visitor.get(path)).status_code == 401


async def test_choice_lists_are_offered_to_the_gateway(context: ServiceContext, client: Client) -> None:
    from libs.common.actor import system_actor

    found = (await Client(context, system_actor("gateway")).get("/internal/dropdown-options")).json()

    assert {"value": "suspended", "label": "Suspended"} in found["tenant_status"]
    assert {"value": "owner", "label": "Owner"} in found["role"]
    assert "superadmin" not in {option["value"] for option in found["role"]}
    assert (await client.get("/internal/dropdown-options")).status_code == 403
