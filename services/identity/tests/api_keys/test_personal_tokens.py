"""Personal tokens: made with a name and a password, acting as the person."""

from typing import Any

from libs.common.actor import OPERATOR_TENANT_ID, ActorKind
from libs.common.runtime.context import ServiceContext
from libs.common.testing.client import Client
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD
from services.identity.tests.outsiders import PASSWORD


async def make(platform: Any, email: str, **fields: Any) -> dict[str, Any]:
    """A token of a person."""
    response = await platform.post("/auth/token", {"username": email, "password": PASSWORD} | fields)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def ask(platform: Any, token: str, **where: Any) -> Any:
    """Ask as the gateway does whose a token is."""
    return await platform.authenticate(None, credential={"kind": "token", "token": token}, **where)


async def client_of(platform: Any, token: str) -> Client:
    """A client that acts with a token."""
    from libs.common.actor import Actor

    actor = Actor.from_json((await ask(platform, token)).json()["actor"])
    return Client(platform.context, actor, app=platform.anyone.app)


async def test_a_token_acts_as_its_person(platform: Any) -> None:
    owner = await platform.business()

    made = await make(platform, owner.email, name="Laptop")
    actor = (await ask(platform, made["token"])).json()["actor"]

    assert made["token"].startswith("plp_")
    assert (made["name"], made["scopes"], made["expires_at"]) == ("Laptop", ["*"], None)
    assert (actor["kind"], actor["user_id"], actor["roles"]) == (
        ActorKind.USER,
        str(owner.user_id),
        ["owner"],
    )
    assert (actor["tenant_id"], actor["key_id"]) == (str(owner.company_id), made["id"])
    assert "session_id" not in actor
    signed_in = await platform.signed_in(owner.email)
    assert frozenset(actor["permissions"]) == signed_in.actor.permissions
    me = await client_of(platform, made["token"])
    assert (await me.get("/auth/me")).json()["email"] == owner.email


async def test_scopes_bound_it_by_what_the_person_may_now(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    email = platform.email()
    person = {"email": email, "password": PASSWORD, "first_name": "C", "last_name": "D", "roles": ["support"]}
    made = await boss.post("/users", json=person)
    assert made.status_code == 201, made.text

    token = (await make(platform, email, scopes=["crm.*", "payments.refunds.write"]))["token"]

    async def may() -> list[str]:
        return sorted((await ask(platform, token)).json()["actor"].get("permissions", []))

    assert "crm.contacts.*" in await may()
    assert all(permission.startswith("crm.") for permission in await may())
    user_id = made.json().get("user_id") or made.json()["id"]
    assert (await boss.patch(f"/users/{user_id}", json={"roles": ["client"]})).status_code == 200
    assert await may() == []
    assert (await boss.patch(f"/users/{user_id}", json={"is_active": False})).status_code == 200
    assert (await ask(platform, token)).status_code == 401


async def test_a_superadmins_token_is_as_wide_as_its_scopes(platform: Any) -> None:
    wide = await platform.post("/auth/token", {"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
    narrow = await platform.post(
        "/auth/token", {"email": DEMO_EMAIL, "password": DEMO_PASSWORD, "scopes": ["crm.deals.read"]}
    )

    all_of_it = (await ask(platform, wide.json()["token"])).json()["actor"]
    little = (await ask(platform, narrow.json()["token"])).json()["actor"]

    assert all_of_it["is_superuser"]
    assert "is_superuser" not in little
    assert (little["permissions"], little["tenant_id"]) == (["crm.deals.read"], str(OPERATOR_TENANT_ID))
    for made in (wide, narrow):
        assert (await platform.post("/auth/token/revoke", {"token": made.json()["token"]})).status_code == 204


async def test_a_wrong_password_makes_no_token_and_counts_as_a_guess(platform: Any) -> None:
    owner = await platform.register()
    address = platform.address()

    async def guess(password: str) -> Any:
        return await platform.anyone.post(
            "/auth/token", json={"username": owner.email, "password": password}, headers=address
        )

    answers = [await guess(f"wrong {n}") for n in range(5)]

    assert [(a.status_code, a.json()["slug"]) for a in answers] == [(401, "invalid-credentials")] * 5
    locked = await guess(PASSWORD)
    assert (locked.status_code, locked.json()["slug"]) == (429, "too-many-attempts")
    unknown = await platform.post("/auth/token", {"username": platform.email(), "password": "wrong 1"})
    assert unknown.json()["slug"] == "invalid-credentials"


async def test_tokens_are_listed_and_revoked_by_their_person_only(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    one, two = await make(platform, owner.email, name="one"), await make(platform, owner.email, name="two")
    me, rival = await platform.signed_in(owner.email), await platform.signed_in(other.email)

    listed = (await me.get("/auth/token")).json()["items"]

    assert [t["id"] for t in listed] == [two["id"], one["id"]]
    assert "token" not in listed[0]
    assert (await rival.get("/auth/token")).json()["items"] == []
    # They are no keys of the business.
    assert (await me.get("/api-keys")).json()["items"] == []
    assert (await me.get(f"/api-keys/{one['id']}")).status_code == 404
    assert (await rival.delete(f"/auth/token/{one['id']}")).status_code == 404
    assert (await me.delete(f"/auth/token/{one['id']}")).status_code == 204
    assert (await ask(platform, one["token"])).status_code == 401
    assert (await ask(platform, two["token"])).status_code == 200


async def test_a_token_can_revoke_itself_or_be_shown_to_be_revoked(platform: Any) -> None:
    owner = await platform.register()
    one, two = await make(platform, owner.email), await make(platform, owner.email)
    me = await client_of(platform, one["token"])

    assert (await me.post("/auth/token/revoke")).status_code == 204
    assert (await platform.post("/auth/token/revoke", {"token": two["token"]})).status_code == 204
    # Whether there was one is not said.
    assert (await platform.post("/auth/token/revoke", {"token": "plp_nothing"})).status_code == 204

    for made in (one, two):
        assert (await ask(platform, made["token"])).status_code == 401
    assert (await platform.post("/auth/token/revoke", {})).status_code == 401


async def test_a_token_has_no_power_over_the_account(platform: Any) -> None:
    owner = await platform.register()
    me = await client_of(platform, (await make(platform, owner.email))["token"])
    new = {"current_password": PASSWORD, "new_password": "another good password"}

    for refused in (
        await me.post("/auth/password/change", json=new),
        await me.patch("/auth/me", json={"first_name": "X"}),
        await me.get("/auth/sessions"),
        await me.post("/auth/sessions/revoke-all"),
        await me.get("/auth/token"),
        await me.post("/auth/session-management/extend"),
    ):
        assert (refused.status_code, refused.json()["slug"]) == (401, "unauthenticated")


async def test_a_changed_password_ends_all_tokens(context: ServiceContext, platform: Any) -> None:
    owner = await platform.register()
    token = (await make(platform, owner.email))["token"]
    me = await platform.signed_in(owner.email)
    new = {"current_password": PASSWORD, "new_password": "another good password"}

    assert (await me.post("/auth/password/change", json=new)).status_code == 204

    assert (await ask(platform, token)).status_code == 401


async def test_there_is_an_end_to_how_many(context: ServiceContext, platform: Any) -> None:
    owner = await platform.register()
    for _ in range(50):
        await make(platform, owner.email)

    more = await platform.post("/auth/token", {"username": owner.email, "password": PASSWORD})

    assert (more.status_code, more.json()["slug"], more.json()["limit"]) == (409, "too-many-keys", 50)
