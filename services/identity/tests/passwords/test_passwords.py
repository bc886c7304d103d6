"""Hashing and the rule for new passwords."""

import bcrypt
import pytest
from sqlalchemy import select, update

from libs.common.runtime.context import ServiceContext
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.policy import WeakPassword, check_password
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import Platform
from services.identity.users.models import User


async def test_a_hash_matches_its_password_only(context: ServiceContext) -> None:
    passwords = Passwords.of(context)
    stored = await passwords.hash("päss wörd 密码")

    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, "päss wörd 密码")
    for wrong in ("pass word", "", "päss wörd 密码 "):
        assert not await passwords.verify(stored, wrong)
    assert not await passwords.verify(None, "anything")
    assert not await passwords.verify("not a hash", "anything")


def test_the_default_is_the_owasp_minimum() -> None:
    settings = IdentitySettings()

    assert (settings.argon2_memory_kib, settings.argon2_time, settings.argon2_parallelism) == (
        19 * 1024,
        2,
        1,
    )


async def test_a_bcrypt_hash_is_taken_and_replaced_at_sign_in(
    context: ServiceContext, platform: Platform
) -> None:
    owner = await platform.register()
    old = bcrypt.hashpw(owner.password.encode(), bcrypt.gensalt(4)).decode()
    async with context.unit_of_work(platform=True) as uow:
        await uow.session.execute(update(User).where(User.id == owner.user_id).values(password_hash=old))

    assert await platform.login(owner.email)

    async with context.unit_of_work(platform=True) as uow:
        stored = await uow.session.scalar(select(User.password_hash).where(User.id == owner.user_id))
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert await platform.login(owner.email)


@pytest.mark.parametrize(
    "password",
    ["seven77", "password", "Password1", "QWERTYUIOP", "zzzzzzzzzz", "me@example.com", "x" * 257],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password, "me@example.com", IdentitySettings())


@pytest.mark.parametrize("password", ["correct horse battery", "8 chars!", "密码密码安全是好的", "x1" * 128])
def test_others_pass(password: str) -> None:
    check_password(password, "me@example.com", IdentitySettings())
