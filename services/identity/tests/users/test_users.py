"""Users of a business over HTTP."""

from typing import Any

from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import guest, user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.identity import MemberChanged, SessionRevoked


def body(address: str, *roles: str, **changes: Any) -> dict[str, Any]:
    """A new account."""
    return {
        "email": address,
        "password": "correct horse battery",
        "first_name": "Lerato",
        "last_name": "Molefe",
        "phone": "1",
        "roles": list(roles or ["editor"]),
    } | changes


async def test_a_user_is_created_read_changed_and_removed(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    email = platform.email()

    made = await boss.post("/users", json=body(email))
    assert made.status_code == 201, made.text
    path = f"/users/{made.json()['id']}"
    assert (await boss.get(path)).json() == made.json()
    assert "password" not in made.text
    changed = await boss.patch(path, json={"phone": None, "roles": ["support"]})
    assert (changed.json()["phone"], changed.json()["first_name"], changed.json()["roles"]) == (
        None,
        "Lerato",
        ["support"],
    )
    whole = {"email": email, "first_name": "L", "last_name": "M", "roles": ["editor"]}
    moved = await boss.put(path, json=whole | {"email": platform.email()})
    assert (moved.status_code, moved.json()["errors"][0]["loc"]) == (422, ["body", "email"])
    replaced = await boss.put(path, json=whole)
    assert (replaced.json()["first_name"], replaced.json()["roles"]) == ("L", ["editor"])
    assert await platform.login(email)
    assert (await boss.delete(path)).status_code == 204
    assert (await boss.get(path)).status_code == 404
    # The account is the person's; it just has no business any more.
    assert (await platform.signed_in(email)).actor.tenant_id is None


async def test_an_old_version_is_refused(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    response = await boss.post("/users", json=body(platform.email()))
    made, etag = response.json(), response.headers["etag"]
    assert (await boss.get(f"/users/{made['id']}")).headers["etag"] == etag
    await boss.patch(f"/users/{made['id']}", json={"phone": "2"})

    response = await boss.patch(f"/users/{made['id']}", json={"phone": "3"}, headers={"If-Match": etag})

    assert response.status_code == 412


async def test_an_address_is_taken_on_the_whole_platform(platform: Any) -> None:
    owner, other = await platform.business(), await platform.register()
    boss = await platform.signed_in(owner.email)

    response = await boss.post("/users", json=body(other.email.upper()))

    assert (response.status_code, response.json()["slug"]) == (409, "email-taken")


async def test_the_account_of_another_business_is_not_ours_to_change(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss = await platform.signed_in(owner.email)
    await boss.post(f"/tenants/{owner.company_id}/members", json={"email": other.email, "roles": ["editor"]})

    for change in ({"first_name": "Taken"}, {"is_active": False}, {"phone": None}):
        response = await boss.patch(f"/users/{other.user_id}", json=change)
        assert (response.status_code, response.json()["slug"]) == (403, "managed-elsewhere")
    assert (await boss.patch(f"/users/{other.user_id}", json={"roles": ["support"]})).status_code == 200
    assert await platform.login(other.email)


async def test_other_businesses_hear_of_a_change(context: ServiceContext, platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    boss, friend = await platform.signed_in(owner.email), await platform.signed_in(other.email)
    made = (await boss.post("/users", json=body(platform.email()))).json()
    await friend.post(
        f"/tenants/{other.company_id}/members", json={"email": made["email"], "roles": ["support"]}
    )

    await boss.patch(f"/users/{made['id']}", json={"first_name": "Naledi"})

    for company_id, roles in ((owner.company_id, ["editor"]), (other.company_id, ["support"])):
        (told,) = await emitted(context, company_id, MemberChanged)
        assert (told.data["first_name"], told.data["roles"]) == ("Naledi", roles)


async def test_switching_an_account_off_ends_its_sessions(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    made = (await boss.post("/users", json=body(platform.email()))).json()
    tokens = await platform.login(made["email"])

    off = await boss.patch(f"/users/{made['id']}", json={"is_active": False})

    assert off.json()["is_active"] is False
    assert (await platform.authenticate(tokens["access"])).status_code == 401
    assert (await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})).status_code == 401
    (ended,) = await emitted(context, owner.company_id, SessionRevoked)
    assert ended.data["reason"] == "account switched off"
    assert (await boss.patch(f"/users/{made['id']}", json={"is_active": True})).json()["is_active"] is True
    assert await platform.login(made["email"])
    assert (await boss.patch(f"/users/{owner.user_id}", json={"is_active": False})).status_code == 409


async def test_bad_input_is_named(platform: Any) -> None:
    owner = await platform.business()
    boss = await platform.signed_in(owner.email)
    email = platform.email()

    for change in (
        {"email": "x"},
        {"password": "letmein1"},
        {"roles": []},
        {"roles": ["nonsense"]},
        {"first_name": ""},
        {"first_name": "nul\x00"},
        {"surprise": 1},
        {"is_active": True},
    ):
        response = await boss.post("/users", json=body(email, **change))
        assert response.status_code == 422, change
    made = (await boss.post("/users", json=body(email))).json()
    for change in ({"first_name": None}, {"roles": None}, {"email": "a@example.com"}, {"password": "x"}):
        assert (await boss.patch(f"/users/{made['id']}", json=change)).status_code == 422, change
    assert (await boss.get("/users", params={"surprise": 1})).status_code == 422


async def test_who_may_not_gets_401_or_403(context: ServiceContext, platform: Any) -> None:
    owner = await platform.business()
    reader = Client(context, user(owner.company_id, "identity.users.read"))

    assert (await reader.get("/users")).status_code == 200
    assert (await reader.post("/users", json=body(platform.email()))).status_code == 403
    assert (await Client(context, user(owner.company_id, "crm.*")).get("/users")).status_code == 403
    assert (await Client(context, guest(owner.company_id)).get("/users")).status_code == 401
    assert (await Client(context, None).get("/users")).status_code == 401
    assert (await Client(context, user(None)).get("/users")).json()["slug"] == "tenant-required"
