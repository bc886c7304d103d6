"""Somebody of the staff acts as another person: for a while, for a reason, and in everybody's sight."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from jose import jwt

from libs.common.actor import OPERATOR_TENANT_ID, Actor
from libs.common.messaging.outbox import actor_label
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.features import FEATURES
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD
from services.identity.tests.outsiders import PASSWORD, Platform, Registered

ACT = "identity.impersonations.write"
REASON = "Ticket 4711: cannot check out"


async def hire(platform: Platform, *roles: str) -> tuple[Client, str]:
    """Somebody of the operator's staff, signed in; and the id."""
    chief = Client(platform.context, user(OPERATOR_TENANT_ID))
    email = platform.email()
    body = {"email": email, "password": PASSWORD, "first_name": "S", "last_name": "T", "roles": list(roles)}
    assert (await chief.post("/users", json=body)).status_code == 201
    client = await platform.signed_in(email)
    assert client.actor is not None
    return client, str(client.actor.user_id)


async def act(platform: Platform, staff: Client, owner: Registered) -> tuple[dict[str, Any], Client]:
    """What acting as an owner answers, and a client that does."""
    response = await staff.post("/auth/act-as", json={"user_id": str(owner.user_id), "reason": REASON})
    assert response.status_code == 200, response.text
    made = response.json()
    return made, Client(platform.context, await platform.actor(made["access"]), app=platform.anyone.app)


async def test_staff_act_as_an_owner_and_everything_says_so(platform: Any) -> None:
    owner = await platform.business()
    staff, staff_id = await hire(platform, "staff-admin")

    made, acting = await act(platform, staff, owner)

    assert jwt.get_unverified_claims(made["access"])["act"] == {"sub": staff_id}
    assert (made["expires_in"], made["acting_user_id"]) == (900, staff_id)
    assert "refresh" not in made
    actor = acting.actor
    assert actor is not None
    assert (actor.user_id, actor.tenant_id, actor.roles) == (owner.user_id, owner.company_id, ("owner",))
    assert (actor.acting_user_id, actor.is_superuser) == (UUID(staff_id), False)
    me = (await acting.get("/auth/me")).json()
    assert (me["email"], me["acting_user_id"]) == (owner.email, staff_id)
    # The owner sees the session, and can end it.
    own = await platform.signed_in(owner.email)
    (seen,) = [s for s in (await own.get("/auth/sessions")).json()["items"] if s["acting_user_id"]]
    assert (seen["id"], seen["acting_user_id"]) == (made["session_id"], staff_id)
    assert (await own.delete(f"/auth/sessions/{made['session_id']}")).status_code == 204
    assert (await platform.authenticate(made["access"])).status_code == 401


async def test_what_is_done_is_written_down_with_both_names(platform: Any) -> None:
    owner = await platform.business()
    staff, staff_id = await hire(platform, "staff-admin")
    _, acting = await act(platform, staff, owner)

    role = {"code": "picker", "name": "Picker", "permissions": ["orders.orders.read"]}
    assert (await acting.post("/roles", json=role)).status_code == 201

    changes = CHANGE_RECORDED["identity"]
    own = await emitted(platform.context, owner.company_id, changes)
    (begun,) = [e for e in own if e.data["action"] == "acted_as"]
    assert begun.data["after"]["reason"] == REASON
    assert begun.actor == f"user:{staff_id}"
    (done,) = [e for e in own if e.data["resource"] == "role"]
    assert done.actor == f"user:{staff_id}/as:{owner.user_id}"
    assert str(done.actor_id) == staff_id
    operator = await emitted(platform.context, OPERATOR_TENANT_ID, changes)
    assert str(owner.user_id) in {e.data["resource_id"] for e in operator if e.data["action"] == "acted_as"}


async def test_who_acts_has_no_power_over_the_account(platform: Any) -> None:
    owner = await platform.business()
    staff, _ = await hire(platform, "staff-admin")
    _, acting = await act(platform, staff, owner)
    key = {"name": "x", "scopes": ["crm.deals.read"]}
    change = {"current_password": PASSWORD, "new_password": "another good password"}
    assert acting.actor is not None
    assert acting.actor.features >= FEATURES

    for refused in (
        await acting.post("/auth/password/change", json=change),
        await acting.patch("/auth/me", json={"first_name": "X"}),
        await acting.post("/auth/sessions/revoke-all"),
        await acting.get("/auth/token"),
        await acting.post("/api-keys", json=key),
    ):
        assert (refused.status_code, refused.json()["slug"]) == (403, "acting-as-another")
    assert (await acting.post("/auth/logout")).status_code == 204
    assert (await acting.get("/auth/session-management/status")).status_code == 401


async def test_nobody_acts_as_who_may_do_more(platform: Any) -> None:
    owner = await platform.business()
    staff, _ = await hire(platform, "staff-admin")
    _, chief_id = await hire(platform, "superadmin")
    boss = await platform.signed_in(owner.email)
    clerk, clerk_id = await hire(platform, "staff")

    async def refused(client: Client, user_id: Any, reason: str = REASON) -> Any:
        answer = await client.post("/auth/act-as", json={"user_id": str(user_id), "reason": reason})
        return answer.status_code, answer.json().get("slug")

    assert await refused(staff, chief_id) == (403, "permission-denied")
    assert await refused(boss, clerk_id) == (403, "permission-denied")
    assert await refused(clerk, owner.user_id) == (403, "permission-denied")
    assert await refused(staff, staff.actor.user_id) == (404, "not-found")
    assert await refused(staff, owner.company_id) == (404, "not-found")
    assert (await refused(staff, owner.user_id, ""))[0] == 422
    superadmin = await platform.signed_in(DEMO_EMAIL, DEMO_PASSWORD)
    _, acting = await act(platform, superadmin, owner)
    assert await refused(acting, owner.user_id) == (403, "permission-denied")
    anyone = Client(platform.context, Actor(), app=platform.anyone.app)
    assert (await refused(anyone, owner.user_id))[0] == 401


async def test_who_reaches_one_business_acts_as_nobody_of_another(platform: Any) -> None:
    mine, other = await platform.business(), await platform.business()
    boss = await platform.signed_in(mine.email)
    clerk = {"email": platform.email(), "password": PASSWORD, "first_name": "C", "last_name": "D"}
    made = await boss.post("/users", json={**clerk, "roles": ["support"]})
    client_of_both = await platform.post(
        "/auth/signup", {**clerk, "email": platform.email(), "company_id": str(mine.company_id)}
    )
    email = client_of_both.json()["user"]["email"]
    joined = await platform.post(
        "/auth/signup", {**clerk, "email": email, "company_id": str(other.company_id)}
    )
    assert joined.status_code == 201, joined.text
    # Whoever made such a role may give it; it must not lead out of the business.
    helper = boss.acting(replace(boss.actor, permissions=frozenset({*boss.actor.permissions, ACT})))

    async def acts(user_id: Any) -> Any:
        answer = await helper.post("/auth/act-as", json={"user_id": str(user_id), "reason": REASON})
        return answer.status_code

    assert await acts(made.json()["id"]) == 200
    assert await acts(client_of_both.json()["user"]["id"]) == 403
    assert await acts(other.user_id) == 403


async def test_acting_as_another_asks_once_more_who_one_is(later: Any, future: Any) -> None:
    owner = await future.business()
    staff, _ = await hire(future, "staff-admin")
    later.clock.advance(seconds=1000)

    answer = await staff.post("/auth/act-as", json={"user_id": str(owner.user_id), "reason": REASON})

    assert (answer.status_code, answer.json()["slug"]) == (403, "reauthentication-required")


async def test_it_ends_by_itself_and_with_the_sessions_of_who_acts(later: Any, future: Any) -> None:
    owner, other = await future.business(), await future.business()
    staff, _ = await hire(future, "staff-admin")
    first, _ = await act(future, staff, owner)
    later.clock.advance(seconds=895)
    assert (await future.authenticate(first["access"])).json()["seconds"] == 5
    later.clock.advance(seconds=5)
    assert (await future.authenticate(first["access"])).status_code == 401

    # It is that long ago, too, that staff have shown who they are.
    body = {"user_id": str(other.user_id), "reason": REASON}
    refused = await staff.post("/auth/act-as", json=body)
    assert (refused.status_code, refused.json()["slug"]) == (403, "reauthentication-required")
    assert (await staff.post("/auth/reauthenticate", json={"password": PASSWORD})).status_code == 200
    second, _ = await act(future, staff, other)
    assert (await staff.post("/auth/sessions/revoke-all")).status_code == 200

    assert (await future.authenticate(second["access"])).status_code == 401


def test_a_label_names_both() -> None:
    somebody = user(None)
    assert actor_label(somebody) == f"user:{somebody.user_id}"


async def test_a_role_taken_from_who_acts_ends_it(platform: Any) -> None:
    owner = await platform.business()
    chief = Client(platform.context, user(OPERATOR_TENANT_ID))
    for change in ("taken", "given", "removed"):
        staff, staff_id = await hire(platform, "staff-admin", "staff")
        made, _ = await act(platform, staff, owner)
        if change == "removed":
            path = f"/tenants/{OPERATOR_TENANT_ID}/members/{staff_id}"
            assert (await chief.delete(path)).status_code == 204
        else:
            roles = ["staff"] if change == "taken" else ["staff-admin", "staff", "superadmin"]
            changed = await chief.patch(f"/users/{staff_id}", json={"roles": roles})
            assert changed.status_code == 200, changed.text
        is_live = (await platform.authenticate(made["access"])).status_code == 200
        assert is_live == (change == "given"), change
