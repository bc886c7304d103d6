"""A challenge is answered once, in time, and by what it was made for."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from libs.common.testing.authenticator import UP, Authenticator, b64
from services.identity.passkeys.jobs import forget_challenges
from services.identity.passkeys.models import PasskeyChallenge
from services.identity.tests.passkeys.conftest import ORIGIN, asked, problem, registered, shown


async def test_a_challenge_is_answered_once_and_by_what_it_was_made_for(
    platform: Any, device: Authenticator
) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    options = (await me.post("/auth/passkeys/register/options")).json()
    credential = device.create(options)
    body = {"credential": credential}

    # Of another ceremony, of another person, and of nobody.
    other = await platform.signed_in((await platform.business()).email)
    for_login = await asked(platform)
    mixed = await me.post(
        "/auth/passkeys/register/verify", json={"credential": device.create({**options, **for_login})}
    )
    invented = await shown(platform, device.get({**for_login, "challenge": b64(b"x" * 32)}))
    assert problem(mixed) == problem(invented) == (400, "challenge-expired")

    assert (await me.post("/auth/passkeys/register/verify", json=body)).status_code == 201
    assert problem(await me.post("/auth/passkeys/register/verify", json=body)) == (400, "challenge-expired")
    theirs = device.create((await me.post("/auth/passkeys/register/options")).json())
    stolen = await other.post("/auth/passkeys/register/verify", json={"credential": theirs})
    assert problem(stolen) == (400, "challenge-expired")

    first = device.keys[0]
    use = device.get(await asked(platform), first)
    assert (await shown(platform, use)).status_code == 200
    assert problem(await shown(platform, use)) == (400, "challenge-expired")
    # One that was refused is used up as well.
    options = await asked(platform)
    assert problem(await shown(platform, device.get(options, first, flags=UP))) == (401, "passkey-refused")
    assert problem(await shown(platform, device.get(options, first))) == (400, "challenge-expired")


async def test_of_two_answers_at_once_one_counts(platform: Any, device: Authenticator) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    use = device.get(await asked(platform))

    answers = await asyncio.gather(*(shown(platform, use) for _ in range(4)))

    assert sorted(r.status_code for r in answers) == [200, 400, 400, 400]


async def test_a_challenge_lasts_five_minutes(later: Any, future: Any, device: Authenticator) -> None:
    owner = await future.business()
    me = await future.signed_in(owner.email)
    await registered(me, device)
    in_time, late = await asked(future), await asked(future)
    options = (await me.post("/auth/passkeys/register/options")).json()

    later.clock.advance(seconds=299)
    assert (await shown(future, device.get(in_time))).status_code == 200
    later.clock.advance(seconds=2)
    assert problem(await shown(future, device.get(late))) == (400, "challenge-expired")
    made = await me.post(
        "/auth/passkeys/register/verify", json={"credential": Authenticator(ORIGIN).create(options)}
    )
    assert problem(made) == (400, "challenge-expired")
    async with later.unit_of_work(platform=True) as uow:
        await forget_challenges(uow, {})
        left = select(func.count()).where(PasskeyChallenge.expires_at < uow.now)
        assert await uow.session.scalar(left.select_from(PasskeyChallenge)) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"id": "!!"},
        {"response": {}},
        {"response": None},
        {"type": 7},
        {"rawId": "x" * 2000},
        {
            "response": {
                "clientDataJSON": "e30",
                "authenticatorData": "AA",
                "signature": "AA",
                "attestationObject": "oA",
            }
        },
        {
            "response": {
                "clientDataJSON": "A",
                "authenticatorData": "AA",
                "signature": "AA",
                "attestationObject": "oA",
            }
        },
        {
            "response": {
                "clientDataJSON": b64(b'{"challenge":7,"origin":1}'),
                "authenticatorData": "AA",
                "signature": "AA",
            }
        },
        {"response": {"clientDataJSON": b64(b"[" * 9000), "authenticatorData": "AA", "signature": "AA"}},
    ],
)
async def test_what_is_no_credential_is_refused(
    platform: Any, device: Authenticator, change: dict[str, Any]
) -> None:
    me = await platform.signed_in((await platform.business()).email)
    await registered(me, device)
    use = device.get(await asked(platform)) | change
    made = device.create((await me.post("/auth/passkeys/register/options")).json()) | change
    assert (await shown(platform, use)).status_code in (400, 401, 422)
    assert (await me.post("/auth/passkeys/register/verify", json={"credential": made})).status_code in (
        400,
        422,
    )
