"""Lockout and throttle."""

import asyncio
import time
from typing import Any

from libs.common.clock import ManualClock
from libs.common.runtime.context import ServiceContext
from libs.common.testing.plugin import MakeContext
from services.identity.attempts.guard import AttemptGuard
from services.identity.attempts.jobs import forget_attempts
from services.identity.manifest import SERVICE
from services.identity.settings import IdentitySettings
from services.identity.tests.outsiders import Platform


async def guess(platform: Any, email: str, password: str = "wrong guess", **headers: str) -> Any:
    """One sign-in, from an address of its own unless one is named."""
    return await platform.post("/auth/login", {"email": email, "password": password}, **headers)


async def test_five_failures_lock_the_account_even_for_the_right_password(platform: Any) -> None:
    owner = await platform.register()

    answers = [(await guess(platform, owner.email)).status_code for _ in range(5)]
    locked = await guess(platform, owner.email, owner.password)

    assert answers == [401] * 5
    assert (locked.status_code, locked.json()["slug"]) == (429, "too-many-attempts")
    assert 890 <= int(locked.headers["retry-after"]) <= 900


async def test_unknown_accounts_are_locked_alike(platform: Any) -> None:
    email = platform.email()

    answers = [(await guess(platform, email)).status_code for _ in range(6)]

    assert answers == [401] * 5 + [429]


async def test_guesses_made_at_once_cannot_exceed_the_limit(platform: Any) -> None:
    owner = await platform.register()

    answers = await asyncio.gather(*(guess(platform, owner.email, f"guess {n}") for n in range(20)))

    verified = [a for a in answers if a.status_code == 401]
    assert len(verified) == 5
    assert {a.status_code for a in answers} == {401, 429}
    assert (await guess(platform, owner.email, owner.password)).status_code == 429


async def test_an_address_is_locked_apart_from_accounts(platform: Any) -> None:
    owner = await platform.register()
    here = platform.address()

    answers = [(await guess(platform, platform.email(), **here)).status_code for _ in range(6)]

    assert answers == [401] * 5 + [429]
    assert (await guess(platform, owner.email, owner.password, **here)).status_code == 429
    assert (await guess(platform, owner.email, owner.password)).status_code == 200


async def test_the_last_forwarded_address_counts(platform: Any) -> None:
    here = platform.address()["X-Forwarded-For"]

    for n in range(5):
        await guess(platform, platform.email(), **{"X-Forwarded-For": f"203.0.113.{n}, {here}"})

    assert (await guess(platform, platform.email(), **{"X-Forwarded-For": here})).status_code == 429


async def test_a_success_forgets_the_failures_of_the_account(platform: Any) -> None:
    owner = await platform.register()

    for _ in range(2):
        for _ in range(4):
            await guess(platform, owner.email)
        assert (await guess(platform, owner.email, owner.password)).status_code == 200


async def test_the_lock_and_the_window_end(later: Any, platform: Any, future: Any) -> None:
    owner, other = await platform.register(), await platform.register()

    for _ in range(5):
        await guess(future, owner.email)
    for _ in range(4):
        await guess(future, other.email)
    later.clock.advance(seconds=899)
    assert (await guess(future, owner.email, owner.password)).status_code == 429
    later.clock.advance(seconds=2)
    assert (await guess(future, owner.email, owner.password)).status_code == 200
    # Four failures long ago and one now are not five within the window.
    assert (await guess(future, other.email)).status_code == 401
    assert (await guess(future, other.email, other.password)).status_code == 200


async def test_guessing_is_throttled_by_name_and_address(
    make_context: MakeContext, platform: Any, identity_settings: IdentitySettings
) -> None:
    patient = identity_settings.model_copy(update={"lockout_failures": 100, "lockout_address_failures": 100})
    clock = ManualClock()
    future = Platform(await make_context(SERVICE, settings=patient, clock=clock))
    owner, here = await platform.register(), platform.address()

    answers = [(await guess(future, owner.email, **here)).status_code for _ in range(11)]

    assert answers == [401] * 10 + [429]
    assert (await guess(future, owner.email, owner.password)).status_code == 200
    clock.advance(seconds=61)
    assert (await guess(future, owner.email, owner.password, **here)).status_code == 200


async def test_signing_in_with_the_right_password_is_not_throttled(platform: Any) -> None:
    owner, here = await platform.register(), platform.address()
    answers = [(await guess(platform, owner.email, owner.password, **here)).status_code for _ in range(12)]
    assert answers == [200] * 12


async def test_what_fails_takes_as_long_whatever_is_checked(
    make_context: MakeContext, identity_settings: IdentitySettings
) -> None:
    settings = identity_settings.model_copy(update={"failed_sign_in_seconds": 0.3})
    slow = Platform(await make_context(SERVICE, settings=settings))
    owner = await slow.register()

    for email, password, status, seconds in (
        (owner.email, "wrong guess", 401, 0.3),
        (slow.email(), "wrong guess", 401, 0.3),
        (owner.email, owner.password, 200, 0.0),
    ):
        began = time.monotonic()
        assert (await guess(slow, email, password)).status_code == status
        assert time.monotonic() - began >= seconds


async def test_this_machine_itself_is_never_locked(platform: Any) -> None:
    here = {"X-Forwarded-For": "127.0.0.1"}
    for _ in range(6):
        assert (await guess(platform, (await platform.register()).email, **here)).status_code == 401
    owner = await platform.register()
    assert (await guess(platform, owner.email, owner.password, **here)).status_code == 200


async def test_an_attempt_without_an_outcome_does_not_count_for_ever(
    later: Any, platform: Any, future: Any
) -> None:
    owner = await platform.register()
    guard = AttemptGuard(later)
    dead = [guard.attempt(owner.email, platform.address()["X-Forwarded-For"]) for _ in range(5)]
    for attempt in dead:
        await attempt.__aenter__()

    assert (await guess(future, owner.email, owner.password)).status_code == 429
    later.clock.advance(seconds=31)
    assert (await guess(future, owner.email, owner.password)).status_code == 200


async def test_counters_without_effect_are_forgotten(
    context: ServiceContext, later: Any, platform: Any, future: Any
) -> None:
    from sqlalchemy import func, select

    from services.identity.attempts.models import AttemptCounter

    later.clock.advance(days=-2)
    await guess(future, platform.email())
    old = later.clock.now()
    later.clock.advance(days=1)

    async with later.unit_of_work(platform=True) as uow:
        count = select(func.count()).where(AttemptCounter.updated_at <= old)
        assert await uow.session.scalar(count) == 3
        await forget_attempts(uow, {})
        assert await uow.session.scalar(count) == 0
