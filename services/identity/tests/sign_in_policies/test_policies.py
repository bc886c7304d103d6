"""What a business asks of sign-ins, and what happens to who does not fulfil it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.identity.sign_in_policies.rules import lacking
from services.identity.tests.mfa.apps import WithApp
from services.identity.tests.outsiders import PASSWORD, Registered, signed_in_now


async def put(platform: Any, owner: Registered, **policy: Any) -> Any:
    """Let an owner say what is asked, whatever was asked before."""
    boss = Client(platform.context, await signed_in_now(platform.context, user(owner.company_id)))
    response = await boss.put(f"/tenants/{owner.company_id}/sign-in-policy", json=policy)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_policy_is_read_and_replaced(platform: Any) -> None:
    owner = await platform.business()
    client = await platform.signed_in(owner.email)
    path = f"/tenants/{owner.company_id}/sign-in-policy"

    empty = (await client.get(path)).json()
    assert empty == {
        "second_factor_required": False,
        "second_factor_required_from": None,
        "grace_days": 0,
        "allowed_methods": None,
        "allowed_email_domains": None,
        "idle_seconds": None,
    }
    body = {"second_factor_required": True, "grace_days": 7, "idle_seconds": 600}
    first = await client.put(path, json=body)
    assert first.status_code == 200
    assert first.json()["second_factor_required_from"]
    # Saying the same again gives nobody more time.
    assert (await client.put(path, json=body)).json() == first.json()
    assert (await client.get(path)).json() == first.json()
    assert (await client.put(path, json={})).json() == empty


@pytest.mark.parametrize(
    "body",
    [
        {"allowed_methods": []},
        {"allowed_methods": ["carrier pigeon"]},
        {"allowed_email_domains": ["not a domain"]},
        {"idle_seconds": 5},
        {"grace_days": -1},
        {"second_factor_required": "yes"},
        {"surprise": 1},
    ],
)
async def test_malformed_policies_are_refused(platform: Any, body: dict[str, Any]) -> None:
    owner = await platform.business()
    client = await platform.signed_in(owner.email)
    assert (await client.put(f"/tenants/{owner.company_id}/sign-in-policy", json=body)).status_code == 422


async def test_whose_policy_it_is(platform: Any) -> None:
    owner, other = await platform.business(), await platform.business()
    client = await platform.signed_in(owner.email)
    path = f"/tenants/{other.company_id}/sign-in-policy"
    mine = f"/tenants/{owner.company_id}/sign-in-policy"
    clerk = user(owner.company_id, "crm.*", roles=("support",))

    assert (await platform.anyone.get(path)).status_code == 401
    assert (await client.get(path)).status_code == 404
    assert (await client.put(path, json={})).status_code == 404
    poor = client.acting(await signed_in_now(platform.context, clerk))
    assert (await poor.put(mine, json={})).status_code == 403


async def test_without_the_second_factor_that_is_required_one_can_only_set_it_up(future: Any) -> None:
    owner = await future.business()
    await put(future, owner, second_factor_required=True)

    client = await future.signed_in(owner.email)
    assert client.actor.lacking == "second-factor-required"
    refused = await client.get("/users")
    assert (refused.status_code, refused.json()["slug"]) == (403, "second-factor-required")
    assert "/auth/mfa/totp" in refused.json()["detail"]
    assert (await client.get("/auth/me")).status_code == 200

    app = await WithApp.of(future, owner)

    # The session that set the app up has shown the factor.
    async with future.context.unit_of_work(platform=True) as uow:
        from services.identity.sessions.models import Session

        session = await uow.session.get_one(Session, app.client.actor.session_id)
        assert session.amr == ["pwd", "otp", "mfa"]
    future.context.clock.advance(seconds=30)
    tokens = (await app.login(app.code())).json()
    actor = await future.actor(tokens["access"])
    assert (actor.lacking, actor.roles) == (None, ("owner",))


async def test_a_code_lifts_a_session_of_before(future: Any) -> None:
    owner = await future.business()
    old = await future.login(owner.email)
    app = await WithApp.of(future, owner)
    await put(future, owner, second_factor_required=True)
    actor = await future.actor(old["access"])
    assert actor.lacking == "second-factor-required"
    future.context.clock.advance(seconds=30)

    client = Client(future.context, actor)
    assert (await client.post("/auth/reauthenticate", json={"otp": app.code()})).status_code == 200

    assert (await future.actor(old["access"])).lacking is None


async def test_the_grace_period_comes_first(future: Any) -> None:
    owner = await future.business()
    await put(future, owner, second_factor_required=True, grace_days=2)
    tokens = await future.login(owner.email)
    assert (await future.actor(tokens["access"])).lacking is None

    future.context.clock.advance(days=2, seconds=1)

    assert (await future.actor(tokens["access"])).lacking == "second-factor-required"


async def test_clients_are_asked_for_nothing(platform: Any) -> None:
    owner, email = await platform.business(), platform.email()
    await put(platform, owner, second_factor_required=True, allowed_email_domains=["karoo.example"])
    body = {"company_id": str(owner.company_id), "email": email, "password": PASSWORD}
    joined = await platform.post("/auth/signup", {**body, "first_name": "C", "last_name": "D"})
    assert joined.status_code == 201, joined.text

    actor = await platform.actor((await platform.login(email))["access"])

    assert (actor.roles, actor.lacking) == (("client",), None)


async def test_a_personal_token_is_no_way_around(future: Any) -> None:
    owner = await future.business()
    credentials = {"username": owner.email, "password": owner.password}
    made = (await future.post("/auth/token", credentials)).json()["token"]
    credential = {"kind": "token", "token": made}
    assert (await future.actor(None, credential=credential)).permissions

    await put(future, owner, second_factor_required=True)
    held = await future.actor(None, credential=credential)
    assert (held.lacking, held.permissions) == ("second-factor-required", frozenset())

    await WithApp.of(future, owner)
    assert (await future.actor(None, credential=credential)).permissions


async def test_only_the_ways_that_are_allowed_open_the_business(future: Any) -> None:
    app = await WithApp.of(future)
    future.context.clock.advance(seconds=30)
    body = {"username": app.owner.email, "password": app.owner.password, "otp": app.code()}
    token = (await future.post("/auth/token", body)).json()["token"]
    await put(future, app.owner, allowed_methods=["passkey", "oidc"])

    session_id = str(app.client.actor.session_id)
    running = {"kind": "user", "user_id": str(app.owner.user_id), "session_id": session_id}
    # A personal token is made with a password, whatever is shown beside it.
    for credential in (running, {"kind": "token", "token": token}):
        held = Client(future.context, await future.actor(None, credential=credential))
        refused = await held.get("/users")
        assert (refused.status_code, refused.json()["slug"]) == (403, "sign-in-method-not-allowed")


async def test_members_need_an_address_of_an_allowed_domain(platform: Any) -> None:
    owner = await platform.business()
    await put(platform, owner, allowed_email_domains=["karoo.example.com"])
    boss = await platform.signed_in(owner.email)
    person = {"password": PASSWORD, "first_name": "A", "last_name": "B", "roles": ["editor"]}

    refused = await boss.post("/users", json={**person, "email": platform.email()})
    taken = await boss.post("/users", json={**person, "email": platform.email().replace("@", "@karoo.")})

    assert (refused.status_code, refused.json()["slug"]) == (422, "email-domain-not-allowed")
    assert taken.status_code == 201, taken.text


async def test_domains_count_for_who_is_a_member_already_but_for_owners_and_clients(future: Any) -> None:
    owner, email, buyer = await future.business(), future.email(), future.email()
    boss = await future.signed_in(owner.email)
    person = {"password": PASSWORD, "first_name": "A", "last_name": "B"}
    made = await boss.post("/users", json={**person, "email": email, "roles": ["editor", "client"]})
    assert made.status_code == 201, made.text
    joined = await future.post(
        "/auth/signup", {**person, "email": buyer, "company_id": str(owner.company_id)}
    )
    assert joined.status_code == 201, joined.text
    running = {who: (await future.login(who))["access"] for who in (owner.email, email, buyer)}
    credentials = {"username": email, "password": PASSWORD}
    token = (await future.post("/auth/token", credentials)).json()["token"]

    await put(future, owner, allowed_email_domains=["karoo.example.com"])

    for access in (running[email], (await future.login(email))["access"]):
        held = await future.actor(access)
        assert (held.lacking, held.permissions) == ("address-not-allowed", frozenset())
        refused = await Client(future.context, held).get("/users")
        assert (refused.status_code, refused.json()["slug"]) == (403, "address-not-allowed")
    keyed = await future.actor(None, credential={"kind": "token", "token": token})
    assert (keyed.lacking, keyed.permissions) == ("address-not-allowed", frozenset())
    for who in (owner.email, buyer):
        assert (await future.actor(running[who])).lacking is None

    await put(future, owner, allowed_email_domains=["example.com"])
    assert (await future.actor(running[email])).lacking is None


async def test_sessions_are_as_short_as_the_business_says_those_that_run_too(future: Any) -> None:
    owner, buyer = await future.business(), future.email()
    person = {"email": buyer, "password": PASSWORD, "first_name": "A", "last_name": "B"}
    await future.post("/auth/signup", {**person, "company_id": str(owner.company_id)})
    before, client = await future.signed_in(owner.email), await future.signed_in(buyer)

    await put(future, owner, idle_seconds=120)

    for me, seconds in ((before, 120), (await future.signed_in(owner.email), 120), (client, 2_592_000)):
        status = (await me.get("/auth/session-management/status")).json()
        assert status["idle_seconds"] == seconds
    # What is asked for later is no longer than what a session has.
    await put(future, owner, idle_seconds=600)
    assert (await before.get("/auth/session-management/status")).json()["idle_seconds"] == 120
    future.context.clock.advance(seconds=140)
    assert (await before.get("/auth/session-management/status")).status_code == 401


def test_what_a_sign_in_lacks() -> None:
    policy, now = {"second_factor_required": True}, datetime.now(UTC)

    assert lacking(policy, None, now) == lacking(policy, ("pwd",), now) == "second-factor-required"
    assert lacking(policy, ("hwk", "user", "mfa"), now) is None
    assert lacking(None, None, now) is lacking({}, None, now) is None
    only = {"allowed_methods": ["passkey"]}
    assert lacking(only, ("hwk",), now) is None
    for other in (None, ("pwd", "otp", "mfa"), ("email",), ("fed",)):
        assert lacking(only, other, now) == "sign-in-method-not-allowed"
