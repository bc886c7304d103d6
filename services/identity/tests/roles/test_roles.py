"""Roles and permissions over HTTP."""

from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from services.identity.roles.catalogue import SYSTEM_ROLES, RoleScope


async def make(client: Client, code: str = "shop-floor", *permissions: str) -> dict[str, Any]:
    """A role of the client's business."""
    response = await client.post(
        "/roles",
        json={
            "code": code,
            "name": "Shop floor",
            "permissions": list(permissions or ["catalog.products.read"]),
        },
    )
    assert response.status_code == 201, response.text
    return response.json()


async def test_a_role_is_created_read_changed_and_removed(client: Client) -> None:
    role = await make(client)
    path = f"/roles/{role['id']}"

    assert (await client.get(path)).json() == role
    assert (role["is_system"], role["scope"]) == (False, "tenant")
    changed = await client.patch(
        path, json={"description": "Sells", "permissions": ["orders.*", "crm.chat.read"]}
    )
    assert (changed.json()["name"], changed.json()["permissions"]) == (
        "Shop floor",
        ["crm.chat.read", "orders.*"],
    )
    renamed = await client.put(path, json={"code": "another", "name": "Till", "permissions": []})
    assert (renamed.status_code, renamed.json()["errors"][0]["loc"]) == (422, ["body", "code"])
    replaced = await client.put(path, json={"code": role["code"], "name": "Till", "permissions": []})
    assert (replaced.json()["description"], replaced.json()["permissions"]) == (None, [])
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_roles_of_the_platform_are_seen_and_fixed(client: Client) -> None:
    listed = (await client.get("/roles", params={"is_system": True})).json()["items"]
    assert {role["code"] for role in listed} == {role.code for role in SYSTEM_ROLES}
    (owner,) = (await client.get("/roles", params={"code": "owner"})).json()["items"]

    for method, body in (
        ("PATCH", {"name": "x"}),
        ("PUT", {"name": "x", "permissions": []}),
        ("DELETE", None),
    ):
        response = await client.request(method, f"/roles/{owner['id']}", json=body)
        assert (response.status_code, response.json()["slug"]) == (409, "system-role")
    taken = await client.post("/roles", json={"code": "owner", "name": "x", "permissions": []})
    assert (taken.status_code, taken.json()["slug"]) == (409, "already-exists")


async def test_even_the_operator_cannot_edit_them(context: ServiceContext) -> None:
    chief = Client(context, user(OPERATOR_TENANT_ID))
    (owner,) = (await chief.get("/roles", params={"code": "owner"})).json()["items"]

    assert (await chief.delete(f"/roles/{owner['id']}")).json()["slug"] == "system-role"


async def test_nobody_puts_into_a_role_what_he_lacks(context: ServiceContext, client: Client) -> None:
    role = await make(client, "till", "orders.orders.read", "payments.*")
    modest = client.acting(user(client.actor.tenant_id, "identity.roles.*", "orders.*"))

    for permissions in (["*"], ["payments.*"], ["orders.orders.read", "crm.chat.read"], ["identity.*"]):
        made = await modest.post("/roles", json={"code": "mine", "name": "x", "permissions": permissions})
        assert (made.status_code, made.json()["slug"]) == (403, "permission-denied")
        assert made.json()["required_permission"] in permissions
    assert (await make(modest, "mine", "orders.*"))["permissions"] == ["orders.*"]
    # What is in the role already may stay, but nothing is added.
    path = f"/roles/{role['id']}"
    assert (await modest.patch(path, json={"permissions": ["payments.*", "orders.*"]})).status_code == 200
    assert (await modest.patch(path, json={"permissions": ["payments.*", "crm.*"]})).status_code == 403
    assert (await modest.put(path, json={"name": "x", "permissions": ["crm.*"]})).status_code == 403
    # Nor is anything taken out that is not one's own to give.
    assert (await modest.patch(path, json={"permissions": ["orders.*"]})).status_code == 403


async def test_a_role_in_use_stays(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    role = await make(boss)
    made = await boss.post(
        "/users",
        json={
            "email": platform.email(),
            "password": owner.password,
            "first_name": "A",
            "last_name": "B",
            "roles": ["shop-floor"],
        },
    )
    assert made.status_code == 201, made.text

    refused = await boss.delete(f"/roles/{role['id']}")
    assert (refused.status_code, refused.json()["slug"]) == (409, "role-in-use")
    await boss.delete(f"/users/{made.json()['id']}")
    assert (await boss.delete(f"/roles/{role['id']}")).status_code == 204


async def test_a_role_is_not_removed_while_it_is_given(platform: Any) -> None:
    import asyncio

    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    for n in range(5):
        role = await make(boss, f"role-{n}x")
        body = {"email": platform.email(), "password": owner.password, "first_name": "A", "last_name": "B"}
        given, removed = await asyncio.gather(
            boss.post("/users", json={**body, "roles": [role["code"]]}), boss.delete(f"/roles/{role['id']}")
        )
        assert (given.status_code, removed.status_code) in ((201, 409), (422, 204))


async def test_roles_of_another_business_are_out_of_reach(client: Client, other_tenant_id: Any) -> None:
    role = await make(client)
    stranger = client.acting(user(other_tenant_id))

    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        assert (await stranger.request(method, f"/roles/{role['id']}", json=body)).status_code == 404
    assert (await stranger.get("/roles", params={"is_system": False})).json()["items"] == []
    # The code is free in each business.
    assert (await make(stranger))["code"] == role["code"]


async def test_who_may_not_gets_401_or_403(client: Client, tenant_id: Any) -> None:
    reader = client.acting(user(tenant_id, "identity.roles.read"))

    assert (await reader.get("/roles")).status_code == 200
    refused = await reader.post("/roles", json={"code": "ab", "name": "x", "permissions": []})
    assert refused.json()["required_permission"] == "identity.roles.write"
    assert (await client.acting(user(tenant_id, "crm.*")).get("/permissions")).status_code == 403
    for anyone in (client.acting(None), client.acting(guest(tenant_id))):
        assert (await anyone.get("/roles")).status_code == 401


async def test_bad_input_is_refused(client: Client) -> None:
    good = {"code": "till", "name": "Till", "permissions": []}
    for change in (
        {"code": "Till!"},
        {"name": ""},
        {"permissions": ["catalog"]},
        {"permissions": ["catalog.**"]},
        {"permissions": ["Catalog.products.read"]},
        {"permissions": None},
        {"surprise": 1},
    ):
        assert (await client.post("/roles", json={**good, **change})).status_code == 422, change
    role = await make(client)
    for change in ({"permissions": None}, {"name": None}, {"code": "other"}):
        assert (await client.patch(f"/roles/{role['id']}", json=change)).status_code == 422, change


async def test_permissions_are_listed_with_those_of_other_services(context: ServiceContext) -> None:
    from libs.common.runtime.upstreams import Upstreams
    from services.identity.roles.vocabulary import Vocabulary

    calls = []

    async def crm(scope: Any, receive: Any, send: Any) -> None:
        import orjson

        calls.append(scope["path"])
        told = {"crm.deals.read": "See deals", "crm.deals.write": "Add and change deals"}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": orjson.dumps(told)})

    upstreams = Upstreams({"catalog": "http://127.0.0.1:9"}, context.signer, context.clock)
    upstreams.register("crm", crm)
    from libs.common.runtime.context import ServiceContext as Context

    other = Context(context.service, context.common, settings=context.settings, upstreams=upstreams)
    try:
        for _ in range(2):
            found = {p.code: p for p in await Vocabulary.of(other).all()}
        client = Client(other, user(OPERATOR_TENANT_ID, "identity.roles.read"))
        listed = (await client.get("/permissions")).json()["items"]
        chief = Client(other, user(new_id()))
        fine = ["*", "crm.*", "crm.deals.*", "crm.deals.read", "identity.roles.write", "catalog.any.thing"]
        wrong = ["crm.deals.fly", "crm.deal.*", "identity.roles", "identity.any.*", "nowhere.*"]
        body = {"code": "till", "name": "Till"}
        refused = await chief.post("/roles", json={**body, "permissions": [*fine, *wrong]})
        made = await chief.post("/roles", json={**body, "permissions": fine})
        changed = await chief.patch(f"/roles/{made.json()['id']}", json={"permissions": ["crm.deals.fly"]})
    finally:
        await upstreams.close()
        await other.close()

    assert found["crm.deals.read"].description == "See deals"
    assert found["identity.roles.write"].service == "identity"
    assert {"crm.deals.write", "identity.users.read"} <= {p["code"] for p in listed}
    assert calls == ["/internal/permissions"]
    # Catalog cannot be reached, so what it asks for is not known.
    assert (refused.status_code, refused.json()["slug"]) == (422, "unknown-permission")
    assert refused.json()["permissions"] == sorted(wrong)
    assert made.status_code == 201, made.text
    assert (changed.status_code, changed.json()["permissions"]) == (422, ["crm.deals.fly"])


def test_no_role_of_a_business_reaches_beyond_it() -> None:
    from libs.common.actor import Actor, ActorKind

    for role in SYSTEM_ROLES:
        if role.scope is RoleScope.PLATFORM:
            continue
        actor = Actor(kind=ActorKind.USER, permissions=frozenset(role.permissions))
        for beyond in (
            "identity.tenants.read",
            "identity.registrations.decide",
            "gateway.bus.write",
            "identity.*",
            "*",
        ):
            assert not actor.may(beyond), (role.code, beyond)
