"""Whose account it is that somebody signs in to, and who may have a new one."""

from typing import Any

import pytest
from sqlalchemy import text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.testing.authenticator import Authenticator
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.identity.members.repository import MemberRepository
from services.identity.members.service import new_member
from services.identity.tests.oidc.conftest import PUBLIC, problem
from services.identity.users.repository import UserRepository


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
