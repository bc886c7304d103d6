"""A sign-in belongs to one browser, one provider and one answer."""

import asyncio
from typing import Any

from services.identity.tests.oidc.conftest import problem


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
