"""Host names of a business over HTTP."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

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
    assert (await boss.patch(own, json={})).json()["verification"] == renamed.json()["verification"]
    assert (await boss.patch(own, json={"host": None})).status_code == 422
    assert (await boss.delete(own)).status_code == 204
    assert (await boss.get(own)).status_code == 404


async def claim(client: Client, company: Any, host: str) -> dict[str, Any]:
    """A host name that a business says is its own."""
    response = await client.post(f"/tenants/{company}/domains", json={"host": host})
    assert response.status_code == 201, response.text
    return dict(response.json())


async def leads_to(platform: Any, host: str) -> Any:
    """Where a guest gets to by a host name."""
    answer = await platform.authenticate(None, host=host)
    return UUID(answer.json()["actor"]["tenant_id"]) if "tenant_id" in answer.json()["actor"] else None


async def test_a_host_leads_to_who_proves_it(context: ServiceContext, platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    host = f"shop-{new_id().hex}.example"
    mine = await claim(boss, owner.company_id, host)
    theirs = await claim(rival, other.company_id, host.upper())
    world = context.resources["proofs"]
    verify = f"/tenants/{owner.company_id}/domains/{mine['id']}/verify"

    assert (mine["is_verified"], mine["verified_at"]) == (False, None)
    assert mine["verification"]["token"] != theirs["verification"]["token"]
    assert await leads_to(platform, host) is None
    early = await boss.post(verify)
    assert (early.status_code, early.json()["slug"]) == (409, "domain-not-verified")
    assert early.json()["verification"] == mine["verification"]
    # The token of another business proves nothing.
    record = mine["verification"]["dns"]
    world.records[record["name"]] = [theirs["verification"]["dns"]["value"], record["value"] + "0", ""]
    assert (await boss.post(verify)).status_code == 409
    world.records[record["name"]] = ["v=spf1 -all", record["value"]]
    assert (await boss.post(verify, json={"method": "file"})).status_code == 409
    done = await boss.post(verify)
    assert (done.status_code, done.json()["is_verified"], done.json()["verified_by"]) == (200, True, "dns")
    assert done.json()["verification"] is None
    assert await leads_to(platform, host) == owner.company_id
    world.files[theirs["verification"]["file"]["url"]] = theirs["verification"]["file"]["content"] + "\n"
    late = await rival.post(f"/tenants/{other.company_id}/domains/{theirs['id']}/verify")
    assert (late.status_code, late.json()["slug"]) == (409, "already-exists")
    assert await leads_to(platform, host) == owner.company_id
    await boss.delete(f"/tenants/{owner.company_id}/domains/{mine['id']}")
    assert await leads_to(platform, host) is None
    late = await rival.post(f"/tenants/{other.company_id}/domains/{theirs['id']}/verify")
    assert (late.status_code, late.json()["verified_by"]) == (200, "file")
    assert await leads_to(platform, host) == other.company_id
    assert (await rival.get(f"/tenants/{owner.company_id}/domains")).status_code == 404


async def test_another_host_is_to_be_proven_anew(platform: Any) -> None:
    owner = await platform.business()
    host = await platform.host(owner)
    boss = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/domains"
    (mine,) = (await boss.get(path)).json()["items"]

    same = (await boss.put(f"{path}/{mine['id']}", json={"host": host.upper()})).json()
    assert same["is_verified"] is True
    changed = (await boss.put(f"{path}/{mine['id']}", json={"host": f"www.{host}"})).json()
    assert (changed["is_verified"], changed["verification"]["dns"]["name"]) == (
        False,
        f"_pillars-verification.www.{host}",
    )
    assert await leads_to(platform, host) is None
    assert await leads_to(platform, f"www.{host}") is None


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


async def test_a_host_of_an_earlier_release_leads_on(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    host = f"shop-{new_id().hex}.example"
    async with context.unit_of_work(tenant_id=owner.company_id) as uow:
        # As that one writes it.
        statement = text("INSERT INTO identity.domains (tenant_id, id, host) VALUES (:tenant, :id, :host)")
        await uow.session.execute(statement, {"tenant": owner.company_id, "id": new_id(), "host": host})

    assert await leads_to(platform, host) == owner.company_id
