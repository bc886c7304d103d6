"""Linking outside accounts to one's own, and unlinking them."""

import asyncio
from typing import Any

from sqlalchemy import text

from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.identity.tests.hosts import proven_host
from services.identity.tests.oidc.conftest import PUBLIC, Browser, fields_of, problem


async def begun(browser: Browser, provider: str = "google", **fields: Any) -> dict[str, Any]:
    """Go to the provider to link an account of it, and return the query with which it sends back."""
    answer = await browser.client.post(
        "/auth/oidc/links", json={"provider": provider, **fields}, headers=browser.headers("application/json")
    )
    assert answer.status_code == 200, answer.text
    browser.keep(answer)
    return await browser.visit(answer.json()["authorization_url"])


async def test_a_linked_account_signs_in_whatever_its_address(world: Any) -> None:
    owner = await world.platform.business()
    me = world.browser(await world.platform.signed_in(owner.email))
    world.google.person |= {"email": "someone.else@example.com", "email_verified": False}

    answer = await me.come_back("google", await begun(me))

    assert (answer.status_code, answer.json()["kind"]) == (200, "linked")
    link = answer.json()["link"]
    assert (link["provider"], link["issuer"]) == ("google", "https://accounts.google.com")
    assert (link["subject"], link["email"]) == (world.google.person["sub"], "someone.else@example.com")
    listed = (await me.client.get("/auth/oidc/links")).json()["items"]
    assert listed == [link]
    assert (await world.sign_in()).json()["user"]["id"] == str(owner.user_id)
    # Once more is nothing new.
    again = await me.come_back("google", await begun(me))
    assert again.json()["link"]["id"] == link["id"]
    events = await emitted(world.context, owner.company_id, CHANGE_RECORDED["identity"])
    linked = [e for e in events if e.data["action"] == "linked"]
    assert [(e.data["resource_id"], e.actor.split(":")[1][:36]) for e in linked] == [
        (link["id"], str(owner.user_id))
    ]


async def test_linking_returns_without_a_code(world: Any) -> None:
    owner = await world.platform.business()
    me = world.browser(await world.platform.signed_in(owner.email))
    answer = await me.come_back("google", await begun(me, return_to="/account"))
    assert (answer.status_code, fields_of(answer)) == (303, {"linked": "google"})
    refused = await me.client.post(
        "/auth/oidc/links", json={"provider": "google", "return_to": "https://evil.example"}
    )
    assert problem(refused) == (422, "return-not-allowed")


async def test_at_a_shops_own_host_accounts_of_the_shops_providers_are_linked(world: Any) -> None:
    owner = await world.platform.business()
    me = world.browser(await world.platform.signed_in(owner.email))
    me.host, me.scheme = await proven_host(world.context, owner.company_id), "https"
    refused = await me.client.post(
        "/auth/oidc/links", json={"provider": "acme"}, headers=me.headers("application/json")
    )
    assert problem(refused) == (409, "link-at-platform")
    body = {"code": "own", "name": "Own", "client_id": "our-client", "client_secret": "our secret/+"}
    await me.client.post("/oidc-providers", json={**body, "discovery_url": world.acme.issuer})
    back = await begun(me, "own")
    assert back["redirect_uri"] == f"https://{me.host}/api/v1/auth/oidc/own/callback"
    assert (await me.come_back("own", back)).status_code == 200
    assert (await world.sign_in("acme")).json()["user"]["id"] == str(owner.user_id)


async def test_an_account_is_one_persons(world: Any) -> None:
    one, two = await world.platform.business(), await world.platform.business()
    mine = world.browser(await world.platform.signed_in(one.email))
    theirs = world.browser(await world.platform.signed_in(two.email))
    assert (await mine.come_back("google", await begun(mine))).status_code == 200

    taken = await theirs.come_back("google", await begun(theirs))

    assert problem(taken) == (409, "linked-elsewhere")
    (link,) = (await mine.client.get("/auth/oidc/links")).json()["items"]
    assert (await theirs.client.get("/auth/oidc/links")).json()["items"] == []
    assert problem(await theirs.client.delete(f"/auth/oidc/links/{link['id']}")) == (404, "not-found")


async def test_linking_ends_with_the_session_and_stays_in_its_browser(world: Any) -> None:
    owner = await world.platform.business()
    me = world.browser(await world.platform.signed_in(owner.email))
    # Somebody gets the owner to come back with his own answer, to have the account opened to him.
    planted = await begun(world.browser(me.client))
    assert problem(await me.come_back("google", planted)) == (400, "sign-in-expired")
    back = await begun(me)
    assert (await me.client.post("/auth/sessions/revoke-all")).status_code == 200
    assert problem(await me.come_back("google", back)) == (401, "unauthenticated")


async def test_an_unlinked_account_signs_in_no_more(world: Any) -> None:
    owner = await world.platform.business()
    me = world.browser(await world.platform.signed_in(owner.email))
    link = (await me.come_back("google", await begun(me))).json()["link"]
    assert (await me.client.delete(f"/auth/oidc/links/{link['id']}")).status_code == 204
    assert (await me.client.delete(f"/auth/oidc/links/{link['id']}")).status_code == 404
    assert problem(await world.sign_in()) == (403, "no-account")
    actions = [
        e.data["action"] for e in await emitted(world.context, owner.company_id, CHANGE_RECORDED["identity"])
    ]
    assert actions[-1] == "unlinked"


async def test_the_last_way_in_is_kept(world: Any) -> None:
    shop = await world.platform.business()
    tokens = (await world.sign_in(company_id=shop.company_id)).json()
    actor = await world.platform.actor(tokens["access"])
    me = world.browser(world.platform.anyone.acting(actor))
    (google,) = (await me.client.get("/auth/oidc/links")).json()["items"]
    assert problem(await me.client.delete(f"/auth/oidc/links/{google['id']}")) == (409, "last-way-in")

    acme = (await me.come_back("acme", await begun(me, "acme"))).json()["link"]

    page = (await me.client.get("/auth/oidc/links", params={"limit": 1})).json()
    rest = (
        await me.client.get("/auth/oidc/links", params={"limit": 1, "cursor": page["next_cursor"]})
    ).json()
    assert [each["id"] for each in (*page["items"], *rest["items"])] == [acme["id"], google["id"]]
    assert (await me.client.delete(f"/auth/oidc/links/{google['id']}")).status_code == 204
    assert problem(await me.client.delete(f"/auth/oidc/links/{acme['id']}")) == (409, "last-way-in")


async def test_the_last_way_in_may_be_a_passkey(world: Any) -> None:
    shop = await world.platform.business()
    tokens = (await world.sign_in(company_id=shop.company_id)).json()
    me = world.browser(world.platform.anyone.acting(await world.platform.actor(tokens["access"]))).client
    device = Authenticator(PUBLIC)
    keys = []
    for _ in range(2):
        options = (await me.post("/auth/passkeys/register/options")).json()
        keys.append((await me.post("/auth/passkeys/register/verify", json=device.create(options))).json())
    (link,) = (await me.get("/auth/oidc/links")).json()["items"]
    assert (await me.delete(f"/auth/oidc/links/{link['id']}")).status_code == 204

    # Of two that are removed at once, one stays.
    done = await asyncio.gather(*(me.delete(f"/auth/passkeys/{key['id']}") for key in keys))

    assert sorted(answer.status_code for answer in done) == [204, 409]
    assert {answer.json()["slug"] for answer in done if answer.status_code == 409} == {"last-way-in"}


async def test_an_address_that_somebody_has_proven_since_outdoes_a_link_by_mere_claim(world: Any) -> None:
    shop = await world.platform.business()
    world.microsoft.person["email"] = victim = world.platform.email()
    squatter = (await world.sign_in("microsoft", company_id=shop.company_id)).json()
    assert squatter["user"]["email"] == victim
    assert (await world.sign_in("microsoft")).status_code == 200
    world.clock.advance(seconds=5)
    async with world.context.unit_of_work(platform=True) as uow:
        statement = text("UPDATE identity.users SET email_verified_at = :now WHERE id = :id")
        await uow.session.execute(statement, {"now": uow.now, "id": squatter["user"]["id"]})

    for query in ({}, {"company_id": shop.company_id}):
        assert problem(await world.sign_in("microsoft", **query)) == (409, "account-exists")


async def test_what_is_risky_asks_once_more_who_one_is(world: Any) -> None:
    me = world.browser(await world.platform.signed_in(world.shop.email))
    link = (await me.come_back("google", await begun(me))).json()["link"]
    world.clock.advance(seconds=901)
    begin = await me.client.post("/auth/oidc/links", json={"provider": "acme"})
    assert problem(begin) == (403, "reauthentication-required")
    refused = await me.client.delete(f"/auth/oidc/links/{link['id']}")
    assert problem(refused) == (403, "reauthentication-required")


async def test_a_second_factor_that_is_due_is_asked_for(world: Any) -> None:
    from services.identity.mfa import codes

    shop = await world.platform.business()
    me = world.browser(await world.platform.signed_in(shop.email))
    assert (await me.come_back("google", await begun(me))).status_code == 200
    secret = (await me.client.post("/auth/mfa/totp")).json()["secret"]

    def code() -> str:
        import pyotp

        return str(pyotp.TOTP(secret).at(world.clock.now()))

    confirmed = await me.client.post("/auth/mfa/totp/confirm", json={"code": code()})
    assert confirmed.status_code == 200, confirmed.text
    world.clock.advance(seconds=codes.STEP_SECONDS)

    for answer in (
        await world.sign_in(),
        await world.platform.post(
            "/auth/oidc/exchange", {"code": fields_of(await world.sign_in(return_to="/in"))["code"]}
        ),
    ):
        assert problem(answer) == (401, "otp-required")
        world.clock.advance(seconds=codes.STEP_SECONDS)
        body = {"mfa_token": answer.json()["mfa_token"], "otp": code()}
        tokens = await world.platform.post("/auth/mfa/verify", body)
        assert tokens.status_code == 200, tokens.text
        assert tokens.json()["user"]["id"] == str(shop.user_id)


async def test_guests_keys_and_those_who_act_as_another_have_no_links(world: Any) -> None:
    tenant_id = new_id()
    anyone = world.platform.anyone
    acting = anyone.acting(user(tenant_id, acting_user_id=new_id()))
    key = anyone.acting(user(tenant_id, key_id=new_id()))
    body = {"provider": "google"}
    for method, path, sent in (
        ("GET", "/auth/oidc/links", None),
        ("POST", "/auth/oidc/links", body),
        ("DELETE", f"/auth/oidc/links/{new_id()}", None),
    ):
        assert problem(await acting.request(method, path, json=sent)) in (
            (403, "acting-as-another"),
            (403, "reauthentication-required"),
        )
        assert (await key.request(method, path, json=sent)).status_code == 401
        assert (await anyone.request(method, path, json=sent)).status_code == 401
    assert world.google.asked == []
