"""From a first factor that is no password to a session."""

from typing import Any

import pytest

from libs.common.actor import Actor
from services.identity.auth.admission import Admission
from services.identity.auth.caller import Caller
from services.identity.auth.errors import InvalidCredentials
from services.identity.auth.factor import FirstFactor
from services.identity.mfa.errors import OtpRequired
from services.identity.tests.mfa.apps import WithApp


def admission(platform: Any) -> Admission:
    """Of a caller from an address of its own."""
    address = platform.address()["X-Forwarded-For"]
    return Admission(Caller(platform.context, Actor(), address))


async def test_a_first_factor_is_enough_where_no_second_is_set_up(platform: Any) -> None:
    owner = await platform.business()
    tokens = await admission(platform).admit(FirstFactor(owner.user_id, ("fed",)))
    assert (await platform.actor(tokens.access)).user_id == owner.user_id


async def test_the_second_factor_is_asked_for_and_finishes_the_sign_in(future: Any) -> None:
    app = await WithApp.of(future)
    future.context.clock.advance(seconds=30)

    with pytest.raises(OtpRequired) as due:
        await admission(future).admit(FirstFactor(app.owner.user_id, ("fed",)))
    ticket = due.value.extra["mfa_token"]
    assert str(app.owner.user_id) not in ticket

    wrong = await future.post("/auth/mfa/verify", {"mfa_token": ticket, "otp": "000000"})
    assert (wrong.status_code, wrong.json()["slug"]) == (401, "otp-invalid")
    done = await future.post("/auth/mfa/verify", {"mfa_token": ticket, "otp": app.code()})
    assert done.status_code == 200
    for bad in ("k1:abc", "nonsense", ticket[:-4] + "AAAA", "k9" + ticket[2:]):
        refused = await future.post("/auth/mfa/verify", {"mfa_token": bad, "otp": "123456"})
        assert (refused.status_code, refused.json()["slug"]) == (401, "mfa-token-invalid"), bad
    future.context.clock.advance(seconds=301)
    late = await future.post("/auth/mfa/verify", {"mfa_token": ticket, "otp": app.code()})
    assert late.json()["slug"] == "mfa-token-invalid"


async def test_two_factors_in_one_are_enough(future: Any) -> None:
    app = await WithApp.of(future)
    passkey = FirstFactor(app.owner.user_id, ("hwk", "user"), is_multi_factor=True)

    tokens = await admission(future).admit(passkey)

    from jose import jwt

    assert jwt.get_unverified_claims(tokens.access)["amr"] == ["hwk", "user", "mfa"]


async def test_an_account_that_is_switched_off_is_not_let_in(platform: Any) -> None:
    from sqlalchemy import update

    from services.identity.users.models import User

    owner = await platform.register()
    async with platform.context.unit_of_work(platform=True) as uow:
        await uow.session.execute(update(User).where(User.id == owner.user_id).values(is_active=False))

    with pytest.raises(InvalidCredentials):
        await admission(platform).admit(FirstFactor(owner.user_id, ("fed",)))
