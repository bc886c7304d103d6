"""The memory that hashes are computed in: kept between hashes, wiped, and given back."""

import asyncio
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import Parameters, PasswordHasher, Type, extract_parameters
from argon2.exceptions import HashingError
from argon2.low_level import hash_secret_raw

from libs.common.testing.eventually import eventually
from services.identity.passwords.hashing import Passwords
from services.identity.passwords.memory import Block, Blocks
from services.identity.settings import IdentitySettings

KIB = 4096
HASHER = PasswordHasher(time_cost=1, memory_cost=KIB, parallelism=1)


def settings() -> IdentitySettings:
    return IdentitySettings(argon2_memory_kib=KIB, argon2_time=1)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("password", ["", "a\0b", "päss wörd 密码", "x" * 256])
def test_a_block_hashes_as_the_library_does(password: str, lanes: int) -> None:
    asked = Parameters(Type.ID, 19, 16, 32, time_cost=2, memory_cost=64, parallelism=lanes)
    salt = bytes(range(16))

    found = Block(64).hash(password.encode(), salt, asked)

    assert found == hash_secret_raw(password.encode(), salt, 2, 64, lanes, 32, Type.ID)


def test_a_block_has_nothing_left_of_a_hash() -> None:
    block = Block(KIB)
    block.memory[:1] = b"x"

    block.hash(b"Sunrise-9", b"sea salt, coarse", extract_parameters(HASHER.hash("any")))

    assert not any(block.memory[:])


def test_a_block_that_is_too_small_is_not_written_beyond() -> None:
    larger = Parameters(Type.ID, 19, 16, 32, time_cost=1, memory_cost=2 * KIB, parallelism=1)

    with pytest.raises(HashingError, match="Memory allocation"):
        Block(64).hash(b"Sunrise-9", b"sea salt, coarse", larger)


# Linux can refuse memory that is both written and run from here on (PR_SET_MDWE of prctl), as systemd asks it to.
_HARDENED = """
import ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
from argon2 import Parameters, Type
from services.identity.passwords.memory import Block
print(Block(64).hash(b"Sunrise-9", b"sea salt, coarse", Parameters(Type.ID, 19, 16, 32, 1, 64, 1)).hex())
"""


def test_a_block_needs_no_memory_that_is_written_and_run() -> None:
    done = subprocess.run([sys.executable, "-c", _HARDENED], capture_output=True, text=True, timeout=60)
    if done.returncode == 77:
        pytest.skip("this system cannot refuse such memory")

    digest = hash_secret_raw(b"Sunrise-9", b"sea salt, coarse", 1, 64, 1, 32, Type.ID)
    assert done.stdout.strip() == digest.hex(), done.stderr


def test_threads_do_not_share_a_block() -> None:
    blocks = Blocks(64)
    asked = Parameters(Type.ID, 19, 16, 32, time_cost=3, memory_cost=64, parallelism=1)

    def hashed(password: str) -> bytes:
        with blocks.one() as block:
            return block.hash(password.encode(), b"sea salt, coarse", asked)

    with ThreadPoolExecutor(4) as pool:
        names = [f"Sunrise-{number}" for number in range(200)]
        found = list(pool.map(hashed, names))

    for name, digest in zip(names, found, strict=True):
        assert digest == hash_secret_raw(name.encode(), b"sea salt, coarse", 3, 64, 1, 32, Type.ID)
    assert blocks.idle <= 4


async def test_one_check_after_another_takes_one_block() -> None:
    passwords = Passwords(settings())
    stored = HASHER.hash("Sunrise-9")
    assert await passwords.verify(stored, "Sunrise-9")
    with passwords.blocks.one() as first:
        pass

    assert await passwords.verify(stored, "Sunrise-9")
    assert not await passwords.verify(None, "Sunrise-9")

    assert passwords.blocks.idle == 1
    with passwords.blocks.one() as last:
        assert last is first


async def test_checks_at_once_keep_no_more_blocks_than_are_allowed_at_once() -> None:
    passwords = Passwords(settings())
    stored = HASHER.hash("Sunrise-9")

    assert all(await asyncio.gather(*(passwords.verify(stored, "Sunrise-9") for _ in range(20))))

    assert 1 <= passwords.blocks.idle <= settings().argon2_at_once


async def test_checks_that_nobody_waits_for_any_more_do_not_run_beside_others() -> None:
    passwords = Passwords(settings().model_copy(update={"argon2_at_once": 1}))
    stored = HASHER.hash("Sunrise-9")

    for _ in range(8):
        left = asyncio.create_task(passwords.verify(stored, "Sunrise-9"))
        await asyncio.sleep(0)
        left.cancel()
    assert await passwords.verify(stored, "Sunrise-9")

    assert passwords.blocks.idle == 1


def test_memory_that_is_given_back_is_gone_at_once() -> None:
    blocks = Blocks(64)
    with blocks.one() as block:
        memory = weakref.ref(block.memory)
    del block

    blocks.give_back()

    assert memory() is None


async def test_the_memory_is_given_back_when_nobody_has_signed_in_for_a_while() -> None:
    passwords = Passwords(settings(), kept_seconds=0.05)
    assert not await passwords.verify(None, "Sunrise-9")

    await eventually(lambda: passwords.blocks.idle == 0)


async def test_a_hash_that_asks_for_more_memory_than_is_set_is_checked_too() -> None:
    stored = PasswordHasher(time_cost=1, memory_cost=4 * KIB, parallelism=1).hash("Sunrise-9")
    passwords = Passwords(settings())

    assert await passwords.verify(stored, "Sunrise-9")
    assert not await passwords.verify(stored, "Sunrise-8")


async def test_a_hash_that_is_damaged_matches_nothing() -> None:
    passwords = Passwords(settings())
    stored = HASHER.hash("Sunrise-9")

    for damaged in (stored[:-1], f"{stored[:-1]}!", stored.replace("$m=", "$n="), f"{stored}A", stored[:40]):
        assert not await passwords.verify(damaged, "Sunrise-9"), damaged
