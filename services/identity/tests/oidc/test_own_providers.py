"""Providers that are added by the API: of one business, of the platform, and in development on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.testing.actors import user
from libs.common.testing.identity_provider import IdentityProvider
from services.identity.oidc.client import OidcClient
from services.identity.seed import DEMO_EMAIL, DEMO_PASSWORD
from services.identity.tests.oidc.conftest import fields_of, problem

LOCAL = "http://127.0.0.1:9400"


def body_of(code: str, issuer: str) -> dict[str, Any]:
    """What somebody sends who has just got a client at a provider."""
    return {
        "code": code,
        "name": "Own",
        "issuer": issuer,
        "client_id": "our-client",
        "client_secret": "our secret/+",
    }


@pytest.fixture
def local(world: Any) -> IdentityProvider:
    """A provider in software on this machine."""
    made = IdentityProvider(LOCAL, world.clock)
    world.internet.providers[made.host] = made
    return made


@asynccontextmanager
async def environment(world: Any, name: str) -> AsyncIterator[None]:
    """The service in another environment."""
    common = world.context.common
    before, common.environment = common.environment, name
    try:
        yield
    finally:
        common.environment = before


async def test_in_development_a_provider_may_be_on_this_machine(world: Any, local: IdentityProvider) -> None:
    shop = await world.platform.business()
    owner = await world.platform.signed_in(shop.email)
    used: list[bool] = []

    def transport(is_trusted: bool) -> Any:
        used.append(is_trusted)
        return world.internet

    async with environment(world, "development"):
        world.context.resources["oidc"] = OidcClient(world.context, transport=transport)
        for wrong in ("ftp://127.0.0.1/", "http://", "http://a:b@127.0.0.1/", "http://127.0.0.1/#x", "x y"):
            assert problem(await owner.post("/oidc-providers", json=body_of("x", wrong)))[0] == 422, wrong
        made = await owner.post("/oidc-providers", json=body_of("sim", LOCAL))
        assert made.status_code == 201, made.text
        assert made.json()["issuer"] == LOCAL
        answer = await world.sign_in("sim", company_id=shop.company_id)
        assert answer.status_code == 200, answer.text
    assert used == [True]

    for elsewhere in ("production", "test"):
        async with environment(world, elsewhere):
            world.context.resources["oidc"] = OidcClient(world.context, transport=transport)
            refused = await owner.post("/oidc-providers", json=body_of("sim2", LOCAL))
            assert refused.json()["errors"][0]["type"] == "address_refused"
            # One that is there from before is reached by the way that leads outside only.
            await world.browser().get("/auth/oidc/sim/start", company_id=shop.company_id)
            assert used.pop() is False


async def test_the_operators_providers_are_the_platforms(world: Any) -> None:
    acme, code = world.acme, f"own-{new_id().hex[-8:]}"
    chief = await world.platform.signed_in(DEMO_EMAIL, DEMO_PASSWORD)
    # Whom they let in may be anybody, so who runs the staff is not enough to add one.
    clerk = chief.acting(user(OPERATOR_TENANT_ID, "identity.*", "crm.*", roles=("staff-admin",)))
    body = body_of(code, "https://id.acme.example/realm")
    assert problem(await clerk.post("/oidc-providers", json=body)) == (403, "permission-denied")
    made = await chief.post("/oidc-providers", json=body)
    assert made.status_code == 201, made.text
    path = f"/oidc-providers/{made.json()['id']}"
    assert problem(await clerk.patch(path, json={"client_id": "x"})) == (403, "permission-denied")
    assert problem(await clerk.delete(path)) == (403, "permission-denied")
    owner = await world.platform.business()
    acme.person["email"] = owner.email
    acme.person["email_verified"] = False
    listed = (await world.platform.anyone.get("/auth/oidc")).json()["items"]
    assert code in {item["code"] for item in listed}

    assert problem(await world.sign_in(code)) == (409, "account-exists")
    acme.person["email_verified"] = "true"
    assert problem(await world.sign_in(code)) == (409, "account-exists")
    acme.person["email_verified"] = True
    answer = await world.sign_in(code)
    assert answer.json()["user"]["id"] == str(owner.user_id)

    assert (await chief.delete(path)).status_code == 204
    assert problem(await world.browser().get(f"/auth/oidc/{code}/start")) == (404, "not-found")


async def test_a_businesss_provider_opens_nobodys_account_by_its_address(world: Any) -> None:
    """Whoever runs it says what he likes, and accounts are of the whole platform."""
    shop, victim = await world.platform.business(), await world.platform.business()
    owner = await world.platform.signed_in(shop.email)
    body = body_of("own", "https://id.acme.example/realm")
    assert (await owner.post("/oidc-providers", json=body)).status_code == 201
    person = world.acme.person
    for email in (victim.email, DEMO_EMAIL, shop.email):
        world.acme.person = {**person, "email": email, "email_verified": True}
        answer = await world.sign_in("own", company_id=shop.company_id)
        assert problem(answer) == (409, "account-exists"), email
    # Somebody new joins, and the address stays a claim.
    world.acme.person = {**person, "email_verified": True}
    joined = await world.sign_in("own", company_id=shop.company_id)
    me = world.platform.anyone.acting(await world.platform.actor(joined.json()["access"]))
    assert (await me.get("/auth/me")).json()["email_verified"] is False


async def test_one_that_is_removed_or_switched_off_lets_nobody_back_in(world: Any) -> None:
    shop = await world.platform.business()
    owner = await world.platform.signed_in(shop.email)
    made = await owner.post("/oidc-providers", json=body_of("own", "https://id.acme.example/realm"))
    browser, company = world.browser(), shop.company_id
    back = await browser.leave("own", company_id=company, return_to="/signed-in")
    path = f"/oidc-providers/{made.json()['id']}"
    assert (await owner.patch(path, json={"is_active": False})).status_code == 200

    answer = await browser.come_back("own", back)

    assert (answer.status_code, fields_of(answer)["error"]) == (303, "not-found")
    assert world.acme.calls["token"] == 0
