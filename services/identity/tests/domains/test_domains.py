"""Host names of a business over HTTP."""

from typing import Any

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client


async def test_a_host_is_added_changed_and_removed(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/domains"
    host = f"Shop-{new_id().hex}.Example."

    made = await boss.post(path, json={"host": host})
    assert (made.status_code, made.json()["host"]) == (201, host.lower().rstrip("."))
    own = f"{path}/{made.json()['id']}"
    assert (await boss.get(own)).json() == made.json()
    assert [d["id"] for d in (await boss.get(path)).json()["items"]] == [made.json()["id"]]
    renamed = await boss.put(own, json={"host": f"www.{host}"})
    assert renamed.json()["host"].startswith("www.shop-")
    assert (await boss.delete(own)).status_code == 204
    assert (await boss.get(own)).status_code == 404


async def test_a_host_leads_to_one_business(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    host = f"shop-{new_id().hex}.example"
    await boss.post(f"/tenants/{owner.company_id}/domains", json={"host": host})

    taken = await rival.post(f"/tenants/{other.company_id}/domains", json={"host": host.upper()})

    assert (taken.status_code, taken.json()["slug"]) == (409, "already-exists")
    assert (await rival.get(f"/tenants/{owner.company_id}/domains")).status_code == 404


async def test_the_platforms_own_hosts_are_not_for_businesses(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)

    for host in (
        "127.0.0.1",
        "localhost",
        "x.localhost",
        "no spaces.example",
        "-x.example",
        "single",
        "",
        None,
    ):
        response = await boss.post(f"/tenants/{owner.company_id}/domains", json={"host": host})
        assert response.status_code == 422, host


async def test_a_business_that_waits_has_no_host(platform: Any) -> None:
    pending = await platform.register()
    boss = await platform.signed_in(pending.email)

    response = await boss.post(f"/tenants/{pending.company_id}/domains", json={"host": "a.example"})

    assert (response.status_code, response.json()["slug"]) == (403, "tenant-not-active")


async def test_permissions_are_asked_for(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    path = f"/tenants/{owner.company_id}/domains"
    reader = Client(context, user(owner.company_id, "identity.domains.read"))

    assert (await reader.get(path)).status_code == 200
    assert (await reader.post(path, json={"host": "a.example"})).status_code == 403
    assert (await platform.anyone.get(path)).status_code == 401
