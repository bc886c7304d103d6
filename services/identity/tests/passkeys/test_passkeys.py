"""Whose passkeys they are, how many, and where they are good."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.identity.tests.hosts import proven_host
from services.identity.tests.passkeys.conftest import ORIGIN, asked, problem, registered, shown


async def test_they_are_listed_renamed_and_removed_by_their_owner_alone(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    other = await platform.signed_in((await platform.business()).email)
    one, two = await registered(me, device, name="One"), await registered(me, device)
    path = f"/auth/passkeys/{one['id']}"

    assert [k["id"] for k in (await me.get("/auth/passkeys")).json()["items"]] == [two["id"], one["id"]]
    page = (await me.get("/auth/passkeys", params={"limit": 1})).json()
    rest = (await me.get("/auth/passkeys", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [k["id"] for k in (*page["items"], *rest["items"])] == [two["id"], one["id"]]
    assert (await other.get("/auth/passkeys")).json()["items"] == []
    for method in ("GET", "PATCH", "DELETE"):
        body = {"json": {"name": "x"}} if method == "PATCH" else {}
        assert problem(await other.request(method, path, **body)) == (404, "not-found")
    assert problem(await me.patch(path, json={"name": None})) == (422, "validation-failed")
    assert (await me.patch(path, json={})).json()["name"] == "One"
    renamed = await me.patch(path, json={"name": "Uno"})
    assert renamed.json()["name"] == "Uno"
    stale = await me.delete(path, headers={"If-Match": '"1"'})
    assert problem(stale) == (412, "precondition-failed")
    assert (await me.delete(path, headers={"If-Match": renamed.headers["etag"]})).status_code == 204
    assert (await me.get(path)).status_code == 404
    gone = device.keys[0]
    assert problem(await shown(platform, device.get(await asked(platform), gone))) == (401, "passkey-refused")
    assert (await shown(platform, device.get(await asked(platform)))).status_code == 200
    done = [r["action"] for r in await all_records(context, owner.company_id) if r["resource"] == "passkey"]
    assert done == ["created", "created", "updated", "updated", "deleted"]


async def all_records(context: ServiceContext, tenant_id: UUID) -> list[dict[str, Any]]:
    """All audit records of a business."""
    return [e.data for e in await emitted(context, tenant_id, CHANGE_RECORDED["identity"])]


async def test_guests_keys_and_those_who_act_as_another_have_none(
    platform: Any, context: ServiceContext, tenant_id: UUID
) -> None:
    acting = Client(context, user(tenant_id, acting_user_id=new_id()))
    key = Client(context, user(tenant_id, key_id=new_id()))
    for method, path in (
        ("POST", "/auth/passkeys/register/options"),
        ("GET", "/auth/passkeys"),
        ("GET", f"/auth/passkeys/{new_id()}"),
        ("DELETE", f"/auth/passkeys/{new_id()}"),
    ):
        assert problem(await acting.request(method, path)) in (
            (403, "acting-as-another"),
            (403, "reauthentication-required"),
        )
        assert (await key.request(method, path)).status_code == 401
        assert (await platform.anyone.request(method, path)).status_code == 401


async def test_what_is_risky_asks_once_more_who_one_is(
    later: Any, future: Any, device: Authenticator
) -> None:
    me = await future.signed_in((await future.business()).email)
    made = await registered(me, device)
    later.clock.advance(seconds=901)
    for method, path in (
        ("POST", "/auth/passkeys/register/options"),
        ("DELETE", f"/auth/passkeys/{made['id']}"),
    ):
        assert problem(await me.request(method, path)) == (403, "reauthentication-required")
    assert (await me.get("/auth/passkeys")).status_code == 200


async def test_a_shop_at_its_own_host_has_passkeys_of_its_own(platform: Any, device: Authenticator) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    host = await proven_host(platform.context, owner.company_id)
    claimed = await proven_host(platform.context, owner.company_id, is_proven=False)
    await registered(me, device)
    there = {"X-Forwarded-Host": f"{host.upper()}:8443"}
    phone = Authenticator(f"https://{host}")

    options = (await me.post("/auth/passkeys/register/options", headers=there)).json()
    assert (options["rp"], options["excludeCredentials"]) == ({"id": host, "name": "Karoo Coffee"}, [])
    body = {"credential": phone.create(options)}
    assert (await me.post("/auth/passkeys/register/verify", json=body, headers=there)).status_code == 201
    at_shop = await asked(platform, **there)
    assert at_shop["rpId"] == host
    assert (await shown(platform, phone.get(at_shop))).status_code == 200
    # A key of the platform's answers for the shop, and the other way round, though both are that person's.
    swapped = device.get(await asked(platform, **there), device.keys[0], rp_id=host, origin=f"https://{host}")
    assert problem(await shown(platform, swapped)) == (401, "passkey-refused")
    back = phone.get(await asked(platform), phone.keys[0], rp_id="localhost", origin=ORIGIN)
    assert problem(await shown(platform, back)) == (401, "passkey-refused")
    # A host that leads nowhere is the platform's, and so is one that somebody merely claims.
    assert (await asked(platform, **{"X-Forwarded-Host": claimed}))["rpId"] == "localhost"
    assert (await asked(platform, **{"X-Forwarded-Host": "evil.example"}))["rpId"] == "localhost"


async def test_a_tenants_scope_never_sees_passkeys(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    await asked(platform)
    async with context.unit_of_work(tenant_id=owner.company_id) as uow:
        for table in ("passkeys", "passkey_challenges"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM identity.{table}")) == 0
    assert owner.company_id != OPERATOR_TENANT_ID
