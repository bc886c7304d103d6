"""Back to where the browser came from: a place of ours, with a code that is traded once."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import text

from libs.common.actor import Actor, ActorKind
from services.identity.oidc.binding import challenge_of
from services.identity.oidc.jobs import forget_oidc_flows
from services.identity.tests.hosts import proven_host
from services.identity.tests.oidc.conftest import PUBLIC, fields_of, problem


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
    "http://127.0.0.1.evil.example/",
    "http://localhost.evil.example/",
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
