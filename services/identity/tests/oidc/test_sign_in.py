"""Signing in with outside accounts: there, back, and into a session."""

import asyncio
import base64
import hashlib
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from libs.contracts.identity import MemberAdded
from services.identity.members.repository import MemberRepository
from services.identity.members.service import new_member
from services.identity.oidc.flows import challenge_of
from services.identity.oidc.jobs import forget_oidc_flows
from services.identity.tests.hosts import proven_host
from services.identity.tests.oidc.conftest import DIRECTORY, PUBLIC, fields_of, problem
from services.identity.users.repository import UserRepository


async def test_somebody_new_joins_a_shop_as_a_client(world: Any) -> None:
    shop = await world.platform.business()

    answer = await world.sign_in(company_id=shop.company_id)

    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    person = world.google.person
    assert (tokens["kind"], tokens["user"]["email"]) == ("signed_in", person["email"])
    assert (tokens["user"]["first_name"], tokens["user"]["last_name"]) == ("Naledi", "Mokoena")
    assert tokens["user"]["home_company_id"] == str(shop.company_id)
    actor = await world.platform.actor(tokens["access"])
    assert (actor.tenant_id, actor.roles) == (shop.company_id, ("client",))
    assert (await world.platform.post("/auth/refresh", {"refresh": tokens["refresh"]})).status_code == 200
    joined = await emitted(world.context, shop.company_id, MemberAdded)
    assert joined[-1].data["email"] == person["email"]
    # It is the same person the next time, whatever the address is by then.
    world.google.person = {**person, "email": "other@example.com"}
    again = await world.sign_in()
    assert again.json()["user"]["id"] == tokens["user"]["id"]
    assert again.json()["user"]["email"] == person["email"]


async def test_what_is_asked_of_the_provider(world: Any) -> None:
    shop = world.shop
    browser = world.browser()

    back = await browser.leave(company_id=shop.company_id)
    assert (await browser.come_back("google", back)).status_code == 200

    (asked,) = world.google.asked
    assert asked["scope"] == "openid email profile"
    assert asked["redirect_uri"] == f"{PUBLIC}/api/v1/auth/oidc/google/callback" == back["redirect_uri"]
    assert asked["prompt"] == "select_account"
    assert {len(asked[name]) for name in ("state", "nonce", "code_challenge")} == {43}
    (form,) = world.google.forms
    assert form["grant_type"] == "authorization_code"
    assert challenge_of(form["code_verifier"]) == asked["code_challenge"]
    # RFC 6749, section 2.3.1: encoded, then base64.
    assert base64.b64decode(form["authorization"].split()[1]) == b"our-client:our%20secret%2F%2B"
    assert "client_secret" not in form
    assert len({asked["state"], asked["nonce"], form["code_verifier"], *browser.cookies}) == 3
    assert browser.cookies == {}


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_whoever_asks_for_json_gets_the_address_and_the_cookie(world: Any) -> None:
    shop = world.shop
    browser = world.browser()
    answer = await browser.get(
        "/auth/oidc/google/start", accept="application/json", company_id=shop.company_id
    )

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 600
    assert answer.headers["cache-control"] == "no-store"
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/api/v1/auth/oidc" in cookie
    assert "Max-Age=600" in cookie
    back = await browser.visit(answer.json()["authorization_url"])
    tokens = await browser.come_back("google", back, accept="application/json")
    assert tokens.status_code == 200
    assert tokens.headers["cache-control"] == "no-store"
    assert tokens.headers["referrer-policy"] == "no-referrer"


async def test_a_browser_returns_with_a_code_and_never_with_a_token(world: Any) -> None:
    shop = world.shop
    place = "https://app.example.com/in?code=mine&x=1#part"
    answer = await world.sign_in(company_id=shop.company_id, return_to=place)

    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert (target.scheme, target.netloc, target.path, target.fragment) == (
        "https",
        "app.example.com",
        "/in",
        "",
    )
    fields = dict(parse_qsl(target.query))
    assert (set(fields), fields["x"]) == ({"x", "code"}, "1")
    assert "eyJ" not in answer.headers["location"]
    tokens = await world.platform.post("/auth/oidc/exchange", {"code": fields["code"]})
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["user"]["email"] == world.google.person["email"]
    again = await world.platform.post("/auth/oidc/exchange", {"code": fields["code"]})
    assert problem(again) == (401, "code-expired")
    invented = await world.platform.post("/auth/oidc/exchange", {"code": "x" * 43})
    assert problem(invented) == (401, "code-expired")


async def test_of_those_who_trade_a_code_at_once_one_gets_a_session(world: Any) -> None:
    shop = world.shop
    answer = await world.sign_in(company_id=shop.company_id, return_to="/in")
    assert answer.headers["location"].startswith(f"{PUBLIC}/in?code=")
    body = {"code": fields_of(answer)["code"]}
    answers = await asyncio.gather(*(world.platform.post("/auth/oidc/exchange", body) for _ in range(4)))
    assert sorted(r.status_code for r in answers) == [200, 401, 401, 401]


async def test_a_code_that_was_asked_for_with_a_challenge_needs_its_verifier(world: Any) -> None:
    shop = world.shop
    verifier = "v" * 43
    ways = {"company_id": shop.company_id, "return_to": "/in", "code_challenge": challenge_of(verifier)}

    async def trade(**fields: str) -> Any:
        code = fields_of(await world.sign_in(**ways))["code"]
        return await world.platform.post("/auth/oidc/exchange", {"code": code, **fields})

    assert problem(await trade()) == (401, "code-expired")
    assert problem(await trade(code_verifier="w" * 43)) == (401, "code-expired")
    assert (await trade(code_verifier=verifier)).status_code == 200
    code = fields_of(await world.sign_in(company_id=shop.company_id, return_to="/in"))["code"]
    other = await world.platform.post("/auth/oidc/exchange", {"code": code, "code_verifier": verifier})
    assert problem(other) == (401, "code-expired")


async def test_codes_and_sign_ins_end_in_time(world: Any) -> None:
    shop = world.shop
    browser = world.browser()
    back = await browser.leave(company_id=shop.company_id)
    late = await browser.leave(company_id=shop.company_id)
    world.clock.advance(seconds=599)
    assert (await browser.come_back("google", back)).status_code == 200
    answer = await world.sign_in(company_id=shop.company_id, return_to="/in")
    world.clock.advance(seconds=2)
    assert problem(await browser.come_back("google", late)) == (400, "sign-in-expired")
    world.clock.advance(seconds=300)
    traded = await world.platform.post("/auth/oidc/exchange", {"code": fields_of(answer)["code"]})
    assert problem(traded) == (401, "code-expired")
    await world.browser().leave(company_id=shop.company_id)
    world.clock.advance(seconds=601)
    async with world.context.unit_of_work(platform=True) as uow:
        await forget_oidc_flows(uow, {})
        for table in ("oidc_flows", "oidc_codes"):
            statement = text(f"SELECT count(*) FROM identity.{table} WHERE expires_at < :now")
            assert await uow.session.scalar(statement, {"now": uow.now}) == 0


async def test_a_sign_in_belongs_to_one_browser_one_provider_and_one_answer(world: Any) -> None:
    shop = world.shop
    thief, victim = world.browser(), world.browser()
    planted = await thief.leave(company_id=shop.company_id)

    # The thief's answer in another browser, be it empty or under way itself.
    assert problem(await victim.come_back("google", planted)) == (400, "sign-in-expired")
    await victim.leave(company_id=shop.company_id)
    assert problem(await victim.come_back("google", planted)) == (400, "sign-in-expired")
    victim.cookies = dict.fromkeys(thief.cookies, "x" * 43)
    assert problem(await victim.come_back("google", planted)) == (400, "sign-in-expired")
    # At another provider: mix-up.
    assert problem(await thief.come_back("acme", planted)) == (400, "sign-in-expired")
    for state in ("", "x" * 43, planted["state"][:-1], planted["state"] + "x"):
        assert problem(await thief.come_back("google", {**planted, "state": state})) == (
            400,
            "sign-in-expired",
        )
    assert problem(await thief.come_back("google", {"code": "x"})) == (400, "sign-in-expired")
    # What others tried has not used it up; coming back has.
    cookies = dict(thief.cookies)
    assert (await thief.come_back("google", planted)).status_code == 200
    thief.cookies = cookies
    assert problem(await thief.come_back("google", planted)) == (400, "sign-in-expired")


async def test_of_two_that_come_back_at_once_one_signs_in(world: Any) -> None:
    shop = world.shop
    browser = world.browser()
    back = await browser.leave(company_id=shop.company_id)
    answers = await asyncio.gather(*(browser.come_back("google", back) for _ in range(3)))
    assert sorted(r.status_code for r in answers) == [200, 400, 400]
    assert world.google.calls["token"] == 1


async def test_two_windows_do_not_disturb_each_other(world: Any) -> None:
    shop = world.shop
    browser = world.browser()
    one, two = [await browser.leave(company_id=shop.company_id) for _ in range(2)]
    assert len(browser.cookies) == 2
    assert (await browser.come_back("google", two)).status_code == 200
    assert (await browser.come_back("google", one)).status_code == 200


async def test_one_new_person_in_two_windows_is_one_person(world: Any) -> None:
    shop = world.shop
    browsers = [world.browser() for _ in range(3)]
    backs = [await browser.leave(company_id=shop.company_id) for browser in browsers]
    answers = await asyncio.gather(
        *(browser.come_back("google", back) for browser, back in zip(browsers, backs, strict=True))
    )
    assert [r.status_code for r in answers] == [200] * 3, [r.text for r in answers]
    assert len({r.json()["user"]["id"] for r in answers}) == 1


async def test_a_code_of_somebody_else_does_not_fit(world: Any) -> None:
    """A stolen code put into one's own answer fails on PKCE."""
    shop = world.shop
    victim, thief = world.browser(), world.browser()
    stolen = await victim.leave(company_id=shop.company_id)
    own = await thief.leave(company_id=shop.company_id)
    answer = await thief.come_back("google", {**own, "code": stolen["code"]})
    assert problem(answer) == (502, "identity-provider-refused")


SPOILT: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "an issuer that begins like it": {"iss": "https://accounts.google.com.evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another-client"},
    # The trap: a library that looks at azp alone lets this in.
    "another audience with our azp": {"aud": "another-client", "azp": "our-client"},
    "several audiences without azp": {"aud": ["our-client", "another-client"]},
    "several audiences with another azp": {"aud": ["our-client", "another-client"], "azp": "another-client"},
    "another azp": {"azp": "another-client"},
    "no audience": {"aud": None},
    "another nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 7},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is no text": {"sub": 7},
    "a subject that is too long": {"sub": "x" * 256},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "tomorrow"},
    "no beginning": {"iat": None},
    "a beginning that is a truth": {"iat": True},
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_token_that_does_not_hold_signs_nobody_in(world: Any, how: str) -> None:
    shop = world.shop
    world.google.says = SPOILT[how]
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")
    # What was looked at for this one does not decide for the next, nor the other way round.
    world.google.says = {}
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    world.google.says = SPOILT[how]
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")


@pytest.mark.parametrize(
    ("claim", "seconds", "holds"),
    [
        ("exp", -59, True),
        ("exp", -61, False),
        ("iat", 59, True),
        ("iat", 61, False),
        ("iat", -3700, False),
        ("nbf", 59, True),
        ("nbf", 61, False),
    ],
)
async def test_clocks_may_differ_by_a_minute(world: Any, claim: str, seconds: int, holds: bool) -> None:
    shop = world.shop
    world.google.says = {claim: int(world.clock.now().timestamp()) + seconds}
    answer = await world.sign_in(company_id=shop.company_id)
    assert answer.status_code == (200 if holds else 401), answer.text


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": None},
        {"alg": "none", "kid": None},
        {"kid": "key-2"},
        {"kid": 7},
        {"jwk": {"kty": "RSA"}},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/certificate"},
        {"crit": ["b64"], "b64": False},
    ],
)
async def test_a_token_that_is_signed_in_another_way_signs_nobody_in(
    world: Any, header: dict[str, Any]
) -> None:
    shop = world.shop
    provider = world.google
    provider.header = header
    if header.get("alg", "x") is None:
        # The simulator signs by its header.
        provider._sign = lambda signed, algorithm="RS256": b""  # type: ignore[method-assign]
        provider.id_token = lambda nonce: "e30.e30.x"  # type: ignore[method-assign]
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")


async def test_a_token_signed_with_a_key_that_is_not_the_providers_signs_nobody_in(world: Any) -> None:
    shop = world.shop
    world.google.signs_with, world.google.header = 2, {"kid": "key-1"}
    assert problem(await world.sign_in(company_id=shop.company_id)) == (401, "id-token-refused")


async def test_a_new_key_of_the_provider_is_fetched_when_it_signs(world: Any) -> None:
    shop = world.shop
    google = world.google
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    google.signs_with, google.publishes = 2, [1, 2]

    # Not before a while has passed since the last look, whatever ids tokens bear.
    assert problem(await world.sign_in()) == (401, "id-token-refused")
    assert google.calls["jwks"] == 1
    world.clock.advance(seconds=11)
    assert (await world.sign_in()).status_code == 200
    assert (await world.sign_in()).status_code == 200
    assert (google.calls["jwks"], google.calls["discovery"]) == (2, 1)
    google.signs_with = 1
    assert (await world.sign_in()).status_code == 200
    assert google.calls["jwks"] == 2


async def test_an_address_links_only_where_the_platforms_provider_calls_it_verified(world: Any) -> None:
    owner = await world.platform.business()
    for word in (False, None, "true", 1, "yes"):
        world.google.person |= {"email": owner.email, "email_verified": word}
        for query in ({}, {"company_id": owner.company_id}):
            assert problem(await world.sign_in(**query)) == (409, "account-exists"), word
    world.google.person |= {"email": owner.email.upper(), "email_verified": True}

    answer = await world.sign_in()

    assert answer.json()["user"]["id"] == str(owner.user_id)
    events = await emitted(world.context, owner.company_id, CHANGE_RECORDED["identity"])
    (linked,) = [e.data for e in events if e.data["action"] == "linked"]
    assert linked["after"]["issuer"] == "https://accounts.google.com"


async def test_whoever_proves_an_address_gets_the_account_alone(world: Any) -> None:
    """Somebody has made the account in advance, with a password, a session, a token and a passkey of his own."""
    shop = await world.platform.business()
    squatter = await world.platform.signed_in(shop.email)
    token = {"username": shop.email, "password": shop.password, "name": "Mine", "scopes": ["*"]}
    assert (await world.platform.post("/auth/token", token)).status_code == 200
    device = Authenticator(PUBLIC)
    options = (await squatter.post("/auth/passkeys/register/options")).json()
    body = {"credential": device.create(options)}
    assert (await squatter.post("/auth/passkeys/register/verify", json=body)).status_code == 201
    world.google.person["email"] = shop.email

    tokens = (await world.sign_in()).json()

    assert tokens["user"]["id"] == str(shop.user_id)
    login = {"email": shop.email, "password": shop.password}
    assert problem(await world.platform.post("/auth/login", login)) == (401, "invalid-credentials")
    options = (await world.platform.post("/auth/passkeys/login/options", {})).json()
    shown = await world.platform.post("/auth/passkeys/login/verify", {"credential": device.get(options)})
    assert problem(shown) == (401, "passkey-refused")
    me = world.platform.anyone.acting(await world.platform.actor(tokens["access"]))
    sessions = (await me.get("/auth/sessions")).json()["items"]
    assert [each["is_current"] for each in sessions] == [True]
    assert (await me.get("/auth/token")).json()["items"] == []
    # It is proven now, so the next one who proves it finds it as it is.
    world.acme.person["email"] = shop.email
    assert (await world.sign_in("acme")).json()["user"]["id"] == str(shop.user_id)
    assert len((await me.get("/auth/sessions")).json()["items"]) == 2


async def test_staff_who_sign_in_at_a_shop_are_no_customers_of_it(world: Any) -> None:
    shop = await world.platform.business()
    staff = await world.platform.business()
    async with world.context.unit_of_work(platform=True) as uow:
        user = await UserRepository(uow).get(staff.user_id)
        assert user is not None
        await MemberRepository(uow).add(new_member(user, OPERATOR_TENANT_ID, ["staff"]))
    world.google.person["email"] = staff.email
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    async with world.context.unit_of_work(platform=True) as uow:
        assert not await MemberRepository(uow).belongs(staff.user_id, shop.company_id)


async def test_microsofts_word_for_an_address_is_not_enough(world: Any) -> None:
    owner = await world.platform.business()
    world.microsoft.person |= {"email": owner.email, "email_verified": True}
    answer = await world.sign_in("microsoft", company_id=owner.company_id)
    assert problem(answer) == (409, "account-exists")
    world.microsoft.person |= {"email": world.platform.email()}
    assert (await world.sign_in("microsoft", company_id=owner.company_id)).status_code == 200


@pytest.mark.parametrize(
    "says",
    [
        {"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"},
        {
            "tid": "9188040d-6c67-4c5b-b112-36a304b66dad",
            "iss": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        },
        {"iss": "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"},
        {"iss": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {"iss": "https://login.microsoftonline.com/common/v2.0", "tid": "common"},
        {"tid": None},
        {"tid": DIRECTORY.upper(), "iss": f"https://login.microsoftonline.com/{DIRECTORY.upper()}/v2.0"},
        {"tid": f"{DIRECTORY}/v2.0/../x"},
        {"tid": ["x"]},
    ],
)
async def test_people_of_other_directories_of_microsoft_stay_out(world: Any, says: dict[str, Any]) -> None:
    shop = world.shop
    assert (await world.sign_in("microsoft", company_id=shop.company_id)).status_code == 200
    world.microsoft.says |= says
    # Twice: a list of what to check that one sign-in has eaten up lets the next one in.
    for _ in range(2):
        answer = await world.sign_in("microsoft", company_id=shop.company_id)
        assert problem(answer) == (401, "id-token-refused")


async def test_googles_older_issuer_is_the_same(world: Any) -> None:
    shop = world.shop
    first = await world.sign_in(company_id=shop.company_id)
    world.google.says = {"iss": "accounts.google.com"}
    assert (await world.sign_in()).json()["user"]["id"] == first.json()["user"]["id"]
    world.acme.says = {"iss": "accounts.google.com"}
    assert problem(await world.sign_in("acme")) == (401, "id-token-refused")


async def test_the_same_subject_at_another_issuer_is_somebody_else(world: Any) -> None:
    shop = world.shop
    first = await world.sign_in(company_id=shop.company_id)
    world.acme.person["sub"] = world.google.person["sub"]
    other = await world.sign_in("acme", company_id=shop.company_id)
    assert other.status_code == 200
    assert other.json()["user"]["id"] != first.json()["user"]["id"]


async def test_without_a_shop_nobody_new_comes_in(world: Any) -> None:
    assert problem(await world.sign_in()) == (403, "no-account")
    pending = await world.platform.register()
    refused = await world.browser().get("/auth/oidc/google/start", company_id=pending.company_id)
    assert problem(refused) == (403, "tenant-not-active")
    unknown = await world.browser().get("/auth/oidc/google/start", company_id=new_id())
    assert problem(unknown) == (404, "not-found")


async def test_a_shop_that_closes_meanwhile_takes_nobody_new(world: Any) -> None:
    shop = await world.platform.business()
    browser = world.browser()
    back = await browser.leave(company_id=shop.company_id)
    async with world.context.unit_of_work(platform=True) as uow:
        statement = text("UPDATE identity.tenants SET status = 'suspended' WHERE id = :id")
        await uow.session.execute(statement, {"id": shop.company_id})
    assert problem(await browser.come_back("google", back)) == (403, "tenant-not-active")
    # Nothing is left of it.
    assert problem(await world.sign_in()) == (403, "no-account")


async def test_who_has_an_account_joins_another_shop(world: Any) -> None:
    one, two = await world.platform.business(), await world.platform.business()
    first = await world.sign_in(company_id=one.company_id)
    second = await world.sign_in(company_id=two.company_id)
    assert second.json()["user"]["id"] == first.json()["user"]["id"]
    actor = await world.platform.actor(second.json()["access"], company_id=str(two.company_id))
    assert actor.roles == ("client",)


async def test_the_address_may_come_from_the_other_place_where_it_is_told(world: Any) -> None:
    shop = world.shop
    world.acme.says = {"email": None}
    answer = await world.sign_in("acme", company_id=shop.company_id)
    assert answer.json()["user"]["email"] == world.acme.person["email"]
    # Of somebody else nothing is taken, and without an address nobody new joins.
    world.google.says = {"email": None, "sub": "somebody-else"}
    assert problem(await world.sign_in(company_id=shop.company_id)) == (422, "email-missing")
    world.google.says, world.google.describes = {"email": None}, {"userinfo_endpoint": None}
    world.clock.advance(hours=2)
    assert problem(await world.sign_in(company_id=shop.company_id)) == (422, "email-missing")


@pytest.mark.parametrize("email", ["nobody", "@example.com", "a@b@c", "a b@example.com", "a@", 7, ""])
async def test_what_is_no_address_is_none(world: Any, email: Any) -> None:
    shop = world.shop
    world.google.person["email"] = email
    assert problem(await world.sign_in(company_id=shop.company_id)) == (422, "email-missing")


async def test_an_account_that_is_switched_off_stays_closed(world: Any) -> None:
    shop = world.shop
    tokens = (await world.sign_in(company_id=shop.company_id)).json()
    async with world.context.unit_of_work(platform=True) as uow:
        statement = text("UPDATE identity.users SET is_active = false WHERE id = :id")
        await uow.session.execute(statement, {"id": tokens["user"]["id"]})
    assert problem(await world.sign_in()) == (401, "account-off")


async def test_a_person_who_breaks_off_is_told_so(world: Any) -> None:
    shop = world.shop
    world.google.breaks_off = "access_denied"
    answer = await world.sign_in(company_id=shop.company_id)
    assert problem(answer) == (401, "sign-in-broken-off")
    assert answer.json()["error"] == "access_denied"
    world.google.breaks_off = "<script>"
    assert (await world.sign_in(company_id=shop.company_id)).json()["error"] == "unknown"
    returned = await world.sign_in(company_id=shop.company_id, return_to="/in")
    assert fields_of(returned) == {"error": "sign-in-broken-off"}


async def test_an_answer_that_names_another_issuer_is_refused(world: Any) -> None:
    shop = world.shop
    world.google.names_issuer = "https://evil.example"
    assert problem(await world.sign_in(company_id=shop.company_id)) == (502, "identity-provider-refused")
    assert world.google.calls["token"] == 0
    world.google.names_issuer = world.google.issuer
    assert (await world.sign_in(company_id=shop.company_id)).status_code == 200
    # Who says that he always names it must.
    world.acme.describes = {"authorization_response_iss_parameter_supported": True}
    assert problem(await world.sign_in("acme", company_id=shop.company_id)) == (
        502,
        "identity-provider-refused",
    )


RETURNS_REFUSED = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "https:evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app.example.com@evil.example/",
    "https://app.example.com:444/",
    "http://app.example.com/",
    "https://app.example.com.evil.example/",
    "https://xapp.example.com/",
    "https://app.example.com\\@evil.example/",
    "/\tx",
    "/a\r\nSet-Cookie: x=y",
    " /in",
    "in",
    "https://app.example.com:99999/",
    "https://[::1",
    "https://аpp.example.com/",
]


@pytest.mark.parametrize("place", RETURNS_REFUSED)
async def test_nobody_is_sent_to_a_place_that_is_not_ours(world: Any, place: str) -> None:
    answer = await world.browser().get("/auth/oidc/google/start", return_to=place)
    assert answer.status_code == 422, answer.headers
    assert answer.json()["slug"] == "return-not-allowed"
    assert world.google.asked == []


async def test_a_shops_own_host_is_a_place_to_return_to_and_names_the_shop(world: Any) -> None:
    shop = await world.platform.business()
    host = await proven_host(world.context, shop.company_id)
    claimed = await proven_host(world.context, shop.company_id, is_proven=False)
    from libs.common.actor import Actor, ActorKind

    guest = Actor(kind=ActorKind.GUEST, tenant_id=shop.company_id, tenant_status="active", tenant_via="host")
    browser = world.browser(world.platform.anyone.acting(guest))
    browser.host, browser.scheme = host, "https"

    # The platform's provider knows the platform's address only, so it begins there.
    sent = await browser.get("/auth/oidc/google/start", return_to=f"https://{host}/in")
    assert sent.status_code == 302
    assert "set-cookie" not in sent.headers
    target = urlsplit(sent.headers["location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{PUBLIC}/api/v1/auth/oidc/google/start"
    query = dict(parse_qsl(target.query))
    assert query == {"company_id": str(shop.company_id), "return_to": f"https://{host}/in"}
    answer = await world.sign_in(**query)
    assert answer.headers["location"].startswith(f"https://{host}/in?code=")
    for place in (f"http://{host}/in", f"https://{claimed}/in"):
        refused = await browser.get("/auth/oidc/google/start", return_to=place)
        assert problem(refused) == (422, "return-not-allowed")


async def test_what_one_can_sign_in_with_is_listed(world: Any) -> None:
    answer = await world.platform.anyone.get("/auth/oidc")
    assert [(p["code"], p["name"], p["kind"]) for p in answer.json()["items"]] == [
        ("acme", "Acme", "other"),
        ("google", "Google", "google"),
        ("microsoft", "Microsoft", "microsoft"),
    ]
    assert answer.json()["items"][1]["start_url"] == "/api/v1/auth/oidc/google/start"
    assert "secret" not in answer.text
    for code in ("nobody", "links", "x" * 41, "UPPER"):
        refused = await world.browser().get(f"/auth/oidc/{code}/start")
        assert refused.status_code in (404, 422), code


async def test_nothing_secret_is_kept_in_plain(world: Any) -> None:
    shop = world.shop
    browser = world.browser()
    back = await browser.leave(company_id=shop.company_id, return_to="/in")
    (asked,) = world.google.asked
    (cookie,) = browser.cookies.values()
    async with world.context.unit_of_work(platform=True) as uow:
        statement = text("SELECT f::text FROM identity.oidc_flows f")
        flows = " ".join((await uow.session.execute(statement)).scalars())
    answer = await browser.come_back("google", back)
    verifier = world.google.forms[0]["code_verifier"]
    code = fields_of(answer)["code"]
    async with world.context.unit_of_work(platform=True) as uow:
        statement = text(
            "SELECT c::text FROM identity.oidc_codes c UNION ALL SELECT o::text FROM identity.outbox o"
        )
        rest = " ".join((await uow.session.execute(statement)).scalars())
    for secret in (asked["state"], asked["nonce"], cookie, verifier, code, back["code"]):
        assert secret not in flows + rest
    assert hashlib.sha256(code.encode()).hexdigest() in rest


async def test_a_tenants_scope_never_sees_links_and_flows(world: Any) -> None:
    shop = world.shop
    await world.browser().leave(company_id=shop.company_id)
    assert (await world.sign_in(company_id=shop.company_id, return_to="/in")).status_code == 303
    async with world.context.unit_of_work(tenant_id=shop.company_id) as uow:
        for table in ("oidc_flows", "oidc_codes", "oidc_links"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM identity.{table}")) == 0
