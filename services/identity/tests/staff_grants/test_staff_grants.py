"""Staff in the businesses of others: by a grant, for a time, for a reason."""

from datetime import timedelta
from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.identity import AccessChanged
from services.identity.tests.outsiders import PASSWORD, Platform


async def hire(platform: Platform, *roles: str) -> str:
    """Somebody of the operator's staff; the e-mail address."""
    chief = Client(platform.context, user(OPERATOR_TENANT_ID))
    email = platform.email()
    body = {"email": email, "password": PASSWORD, "first_name": "S", "last_name": "T", "roles": list(roles)}
    made = await chief.post("/users", json=body)
    assert made.status_code == 201, made.text
    return email


def until(platform: Platform, **time: float) -> str:
    """A time from now."""
    return (platform.context.clock.now() + timedelta(**time)).isoformat()


async def let_in(platform: Platform, boss: Client, email: str, **fields: Any) -> Any:
    """Let somebody of the staff into the business of the client."""
    assert boss.actor is not None
    body = {"email": email, "reason": "Ticket 4711", "expires_at": until(platform, hours=1), **fields}
    return await boss.post(f"/tenants/{boss.actor.tenant_id}/staff-grants", json=body)


async def test_staff_need_a_grant_and_administrators_of_staff_do_not(platform: Any) -> None:
    shop = await platform.business()
    boss = await platform.signed_in(shop.email)
    clerk = (await platform.login(await hire(platform, "staff")))["access"]
    chief = (await platform.login(await hire(platform, "staff-admin")))["access"]
    there = {"company_id": str(shop.company_id)}

    assert (await platform.authenticate(clerk, **there)).json()["slug"] == "tenant-forbidden"
    assert (await platform.actor(clerk)).tenant_id == OPERATOR_TENANT_ID
    reaching = await platform.actor(chief, **there)
    assert (reaching.tenant_id, reaching.roles) == (shop.company_id, ("staff-admin",))
    assert reaching.may("identity.members.write")
    assert (await boss.get(f"/tenants/{shop.company_id}/staff-grants")).json()["items"] == []


async def test_a_grant_lets_staff_in_with_their_own_permissions(platform: Any) -> None:
    shop, other = await platform.business(), await platform.business()
    boss = await platform.signed_in(shop.email)
    email = await hire(platform, "staff")
    access = (await platform.login(email))["access"]

    made = await let_in(platform, boss, email.upper())
    assert made.status_code == 201, made.text
    actor = await platform.actor(access, company_id=str(shop.company_id))

    assert (actor.tenant_id, actor.tenant_via, actor.roles) == (shop.company_id, "header", ("staff",))
    assert actor.may("crm.deals.win")
    assert actor.may("identity.users.read")
    # What the owner may and staff may not, and what staff may on the platform and the owner may not.
    for beyond in ("identity.members.write", "identity.tenants.suspend", "identity.registrations.decide"):
        assert not actor.may(beyond)
    refused = await platform.authenticate(access, company_id=str(other.company_id))
    assert refused.json()["slug"] == "tenant-forbidden"
    listed = (await boss.get(f"/tenants/{shop.company_id}/staff-grants")).json()["items"]
    assert [(g["id"], g["email"], g["reason"]) for g in listed] == [(made.json()["id"], email, "Ticket 4711")]


async def test_a_grant_can_be_narrow_and_never_exceeds_its_maker(platform: Any) -> None:
    shop = await platform.business()
    boss = await platform.signed_in(shop.email)
    email = await hire(platform, "staff")
    access = (await platform.login(email))["access"]
    there = {"company_id": str(shop.company_id)}

    assert (await let_in(platform, boss, email, permissions=["crm.deals.*"])).status_code == 201
    actor = await platform.actor(access, **there)
    assert actor.permissions == {"crm.deals.*"}
    for more in (["*"], ["identity.tenants.suspend"], ["crm.*", "gateway.bus.write"]):
        refused = await let_in(platform, boss, email, permissions=more)
        assert (refused.status_code, refused.json()["slug"]) == (403, "permission-denied")
    clerk = boss.acting(user(shop.company_id, "identity.staff_grants.*", "orders.orders.read"))
    assert (await let_in(platform, clerk, email)).status_code == 201
    assert (await platform.actor(access, **there)).permissions == {"crm.deals.*", "orders.orders.read"}


async def test_a_grant_ends_by_itself_and_answers_end_with_it(later: Any, future: Any) -> None:
    shop = await future.business()
    boss = await future.signed_in(shop.email)
    email = await hire(future, "staff")
    access = (await future.login(email))["access"]
    there = {"company_id": str(shop.company_id)}
    made = await let_in(future, boss, email, expires_at=until(future, seconds=100))
    assert made.status_code == 201, made.text

    later.clock.advance(seconds=90)
    assert (await future.authenticate(access, **there)).json()["seconds"] == 10
    later.clock.advance(seconds=10)

    assert (await future.authenticate(access, **there)).status_code == 403
    assert (await boss.get(f"/tenants/{shop.company_id}/staff-grants")).json()["items"] == []
    for bad in (until(future, seconds=0), until(future, days=31)):
        refused = await let_in(future, boss, email, expires_at=bad)
        assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["body", "expires_at"])


async def test_a_revoked_grant_and_a_lost_role_end_it_at_once(platform: Any) -> None:
    shop = await platform.business()
    boss = await platform.signed_in(shop.email)
    email = await hire(platform, "staff")
    tokens = await platform.login(email)
    user_id = tokens["user"]["id"]
    there = {"company_id": str(shop.company_id)}
    path = f"/tenants/{shop.company_id}/staff-grants"

    made = (await let_in(platform, boss, email)).json()
    assert (await boss.get(f"{path}/{made['id']}")).json() == made
    assert (await boss.delete(f"{path}/{made['id']}")).status_code == 204
    assert (await platform.authenticate(tokens["access"], **there)).status_code == 403
    assert (await boss.delete(f"{path}/{made['id']}")).status_code == 404

    await let_in(platform, boss, email)
    assert (await platform.authenticate(tokens["access"], **there)).status_code == 200
    chief = Client(platform.context, user(OPERATOR_TENANT_ID))
    assert (await chief.patch(f"/users/{user_id}", json={"roles": ["support"]})).status_code == 200
    assert (await platform.authenticate(tokens["access"], **there)).status_code == 403


async def test_both_audit_logs_and_the_gateways_are_told(platform: Any) -> None:
    shop = await platform.business()
    boss = await platform.signed_in(shop.email)
    email = await hire(platform, "staff")
    user_id = (await platform.login(email))["user"]["id"]

    made = (await let_in(platform, boss, email)).json()
    await boss.delete(f"/tenants/{shop.company_id}/staff-grants/{made['id']}")

    changes = CHANGE_RECORDED["identity"]
    own = [e.data for e in await emitted(platform.context, shop.company_id, changes)]
    assert [e["action"] for e in own if e["resource"] == "staff_grant"] == ["created", "deleted"]
    operator = [e.data for e in await emitted(platform.context, OPERATOR_TENANT_ID, changes)]
    told = [e for e in operator if e["resource_id"] == user_id and e["action"].startswith("staff_let_")]
    assert [e["action"] for e in told] == ["staff_let_in", "staff_let_out"]
    assert told[0]["after"]["reason"] == "Ticket 4711"
    heard = await emitted(platform.context, shop.company_id, AccessChanged)
    assert [e.data["user_id"] for e in heard if e.data["user_id"]] == [user_id, user_id]


async def test_only_staff_are_let_in_and_only_by_who_may(platform: Any) -> None:
    shop, other = await platform.business(), await platform.business()
    boss, rival = await platform.signed_in(shop.email), await platform.signed_in(other.email)
    email = await hire(platform, "staff")

    for nobody in (other.email, platform.email()):
        assert (await let_in(platform, boss, nobody)).status_code == 404
    manager = boss.acting(user(shop.company_id, "crm.*"))
    assert (await let_in(platform, manager, email)).status_code == 403
    body = {"email": email, "reason": "no reason", "expires_at": until(platform, hours=1)}
    path = f"/tenants/{shop.company_id}/staff-grants"
    assert (await rival.post(path, json=body)).status_code == 404
    assert (await rival.get(path)).status_code == 404
    assert (await platform.anyone.get(path)).status_code == 401
    for bad in ({"reason": ""}, {"permissions": []}, {"email": "nobody"}, {"expires_at": None}, {"x": 1}):
        assert (await boss.post(path, json=body | bad)).status_code == 422
    # Staff cannot let themselves in.
    clerk = await platform.signed_in(email)
    assert (await clerk.post(path, json=body)).status_code == 403
