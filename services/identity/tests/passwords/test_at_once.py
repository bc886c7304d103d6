"""Hashing is bounded: no more hashes at once than are set, whoever still waits for them."""

import asyncio

from argon2 import PasswordHasher

from services.identity.passwords.hashing import Passwords
from services.identity.settings import IdentitySettings

HASHER = PasswordHasher(time_cost=1, memory_cost=4096, parallelism=1)


class Watched(Passwords):
    """Counts the checks that run at once."""

    inside = most_inside = 0

    def _matches(self, stored: str, password: str) -> bool:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            return super()._matches(stored, password)
        finally:
            self.inside -= 1


def watched(at_once: int) -> Watched:
    return Watched(IdentitySettings(argon2_memory_kib=4096, argon2_time=1, argon2_at_once=at_once))


async def test_checks_that_nobody_waits_for_any_more_do_not_run_beside_others() -> None:
    passwords, stored = watched(1), HASHER.hash("Sunrise-9")

    for _ in range(8):
        left = asyncio.create_task(passwords.verify(stored, "Sunrise-9"))
        await asyncio.sleep(0)
        left.cancel()

    assert await passwords.verify(stored, "Sunrise-9")
    assert passwords.most_inside == 1


async def test_many_checks_take_turns() -> None:
    passwords, stored = watched(2), HASHER.hash("Sunrise-9")

    assert all(await asyncio.gather(*(passwords.verify(stored, "Sunrise-9") for _ in range(20))))
    assert 1 <= passwords.most_inside <= 2


async def test_a_hash_that_is_damaged_matches_nothing() -> None:
    passwords, stored = watched(1), HASHER.hash("Sunrise-9")

    for damaged in (stored[:-1], f"{stored[:-1]}!", stored.replace("$m=", "$n="), f"{stored}A", stored[:40]):
        assert not await passwords.verify(damaged, "Sunrise-9"), damaged
