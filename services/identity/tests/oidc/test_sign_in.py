"""Signing in with outside accounts: there, back, and into a session."""

import base64
import hashlib
from typing import Any

import pytest
from sqlalchemy import text

from libs.common.testing.events import emitted
from libs.contracts.identity import MemberAdded
from services.identity.oidc.binding import challenge_of
from services.identity.tests.oidc.conftest import PUBLIC, fields_of, problem


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


@pytest.mark.parametrize(
    ("told", "first", "last"),
    [
        (
            {"given_name": "Sipho,\n\nYour account\u2028is\x85blocked"},
            "Sipho, Your account is blocked",
            "Mokoena",
        ),
        ({"given_name": "", "family_name": "", "name": "山田\u3000太郎"}, "山田", "太郎"),
        ({"given_name": "Jean\u00a0Paul", "family_name": "\u202egnorw\u202c"}, "Jean Paul", "gnorw"),
        ({"given_name": "\u3164", "family_name": "\u200d", "name": "Sipho Dube"}, "Sipho", "Dube"),
        ({"given_name": "می\u200cخواهم"}, "می\u200cخواهم", "Mokoena"),
    ],
)
async def test_names_are_one_line_whose_words_stay_apart(
    world: Any, told: dict[str, str], first: str, last: str
) -> None:
    world.google.person |= told

    user = (await world.sign_in(company_id=world.shop.company_id)).json()["user"]

    assert (user["first_name"], user["last_name"]) == (first, last)


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
