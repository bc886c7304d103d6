"""Forgotten passwords, proven addresses and sign-in by mail, over HTTP."""

import asyncio
from typing import Any

from jose import jwt
from sqlalchemy import text

from libs.common.crypto import KeyRing
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.client import Client
from services.identity.one_time_links.jobs import forget_links
from services.identity.one_time_links.tokens import link_id_of, token_of
from services.identity.tests.mfa.apps import WithApp
from services.identity.tests.one_time_links.mailed import events, reveal, token

NEW = "an entirely new one"
RESET, VERIFY, MAGIC = "password_reset", "email_verification", "magic_link"


async def forgotten(platform: Any, email: str) -> str:
    """The token that comes by mail to who has forgotten the password."""
    assert (await platform.post("/auth/password/forgot", {"email": email})).status_code == 202
    return await token(platform.context, email, RESET)


async def reset(platform: Any, shown: str, password: str = NEW) -> Any:
    """Set a new password."""
    return await platform.post("/auth/password/reset", {"token": shown, "new_password": password})


def slug(response: Any) -> tuple[int, str]:
    """Status and slug of a problem."""
    return response.status_code, response.json()["slug"]


def test_a_token_is_made_from_the_id_by_any_key_of_the_ring_and_by_no_other() -> None:
    old, new, foreign = (
        KeyRing({"a": b"1" * 32}),
        KeyRing({"b": b"2" * 32, "a": b"1" * 32}),
        KeyRing({"a": b"3" * 32}),
    )
    link_id = new_id()
    made = token_of(old, link_id)

    assert len(made) == 64
    assert link_id_of(old, made) == link_id_of(new, made) == link_id
    assert link_id_of(foreign, made) is None
    assert token_of(new, link_id) != made
    for bad in ("", "x", made[:-1], made + "A", "A" * 64, "é" * 64, made.swapcase()):
        assert link_id_of(old, bad) is None


async def test_a_forgotten_password_is_replaced_and_everything_ends(platform: Any) -> None:
    owner = await platform.business()
    tokens = await platform.login(owner.email)
    credentials = {"username": owner.email, "password": owner.password}
    personal = (await platform.post("/auth/token", credentials)).json()["token"]

    shown = await forgotten(platform, owner.email)
    assert slug(await reset(platform, shown, "password123")) == (422, "weak-password")
    assert (await reset(platform, shown)).status_code == 204

    assert (await platform.authenticate(tokens["access"])).status_code == 401
    assert (await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})).status_code == 401
    used = await platform.authenticate(None, credential={"kind": "token", "token": personal})
    assert used.status_code == 401
    old = await platform.post("/auth/login", {"email": owner.email, "password": owner.password})
    assert slug(old) == (401, "invalid-credentials")
    assert await platform.login(owner.email, NEW)
    assert slug(await reset(platform, shown, "yet another good one")) == (400, "link-invalid")


async def test_the_answer_does_not_tell_whether_there_is_an_account(platform: Any) -> None:
    owner, nobody = await platform.register(), platform.email()

    for path in ("/auth/password/forgot", "/auth/magic-link"):
        known = await platform.post(path, {"email": owner.email.upper()})
        unknown = await platform.post(path, {"email": nobody})
        assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
        assert known.status_code == 202
    assert await events(platform.context, nobody, RESET) == []
    assert len(await events(platform.context, owner.email, RESET)) == 1


async def test_of_several_who_use_one_link_at_once_one_wins(platform: Any) -> None:
    owner = await platform.business()
    shown = await forgotten(platform, owner.email)

    answers = await asyncio.gather(*(reset(platform, shown, f"entirely new one {n}") for n in range(4)))

    assert sorted(answer.status_code for answer in answers) == [204, 400, 400, 400]


async def test_a_link_expires_and_a_newer_one_takes_its_place(future: Any) -> None:
    owner = await future.business()
    first = await forgotten(future, owner.email)
    second = await forgotten(future, owner.email)

    assert slug(await reset(future, first)) == (400, "link-invalid")
    future.context.clock.advance(seconds=3601)
    assert slug(await reset(future, second)) == (400, "link-invalid")


async def test_a_link_is_good_for_its_purpose_and_its_recipient_only(platform: Any) -> None:
    owner = await platform.business()
    shown = await forgotten(platform, owner.email)
    (event,) = await events(platform.context, owner.email, RESET)

    assert slug(await platform.post("/auth/email/verify", {"token": shown})) == (400, "link-invalid")
    assert slug(await platform.post("/auth/magic-link/redeem", {"token": shown})) == (400, "link-invalid")
    assert (await reveal(platform.context, event, platform.email())).status_code == 404
    person = Client(platform.context, user(owner.company_id))
    path = f"/internal/one-time-links/{event['link_id']}/reveal"
    assert (await person.post(path, json={"email": owner.email})).status_code == 403
    assert (await reset(platform, shown)).status_code == 204
    assert (await reveal(platform.context, event)).status_code == 404


async def test_the_token_lies_nowhere(platform: Any) -> None:
    owner = await platform.business()
    shown = [await forgotten(platform, owner.email)]
    await platform.post("/auth/magic-link", {"email": owner.email})
    shown.append(await token(platform.context, owner.email, MAGIC))

    async with platform.context.unit_of_work(platform=True) as uow:
        for table in ("one_time_links", "outbox", "jobs", "audit_log"):
            rows = (
                (await uow.session.execute(text(f"SELECT t::text FROM identity.{table} t"))).scalars().all()
            )
            assert not [row for row in rows for one in shown if one in row or one[-43:] in row], table
        asked = (await uow.session.execute(text("SELECT args::text FROM identity.jobs"))).scalars().all()
        assert not [args for args in asked if owner.email in args]


async def test_a_reset_ends_a_lock(platform: Any) -> None:
    owner = await platform.business()
    for _ in range(5):
        await platform.post("/auth/login", {"email": owner.email, "password": "wrong guess"})
    locked = await platform.post("/auth/login", {"email": owner.email, "password": owner.password})
    assert locked.status_code == 429

    assert (await reset(platform, await forgotten(platform, owner.email))).status_code == 204

    assert await platform.login(owner.email, NEW)


async def test_asking_and_guessing_are_throttled(platform: Any) -> None:
    owner, here = await platform.business(), platform.address()
    asked = [
        (await platform.post("/auth/password/forgot", {"email": owner.email}, **here)).status_code
        for _ in range(11)
    ]
    guessed = [
        (await platform.post("/auth/email/verify", {"token": "x" * 64}, **here)).status_code for _ in range(6)
    ]

    assert asked == [202] * 10 + [429]
    # More than a few mails are not sent, whoever asks from wherever.
    assert len(await events(platform.context, owner.email, RESET)) == 5
    assert guessed == [400] * 5 + [429]


async def test_an_address_is_proven_by_the_mail_that_registration_sends(platform: Any) -> None:
    owner = await platform.business()
    client = await platform.signed_in(owner.email)
    assert (await client.get("/auth/me")).json()["email_verified"] is False
    shown = await token(platform.context, owner.email, VERIFY, owner.company_id)

    verified = await platform.post("/auth/email/verify", {"token": shown})

    assert (verified.status_code, verified.json()) == (200, {"email": owner.email, "email_verified": True})
    me = (await client.get("/auth/me")).json()
    assert me["email_verified"] is True
    assert me["email_verified_at"]
    assert slug(await platform.post("/auth/email/verify", {"token": shown})) == (400, "link-invalid")
    # Nobody needs to prove it twice.
    before = len(await events(platform.context, owner.email, VERIFY, owner.company_id))
    assert (await client.post("/auth/email/verify/resend")).status_code == 202
    assert len(await events(platform.context, owner.email, VERIFY, owner.company_id)) == before


async def test_the_mail_can_be_asked_for_again(platform: Any) -> None:
    owner = await platform.business()
    client = await platform.signed_in(owner.email)
    first = await token(platform.context, owner.email, VERIFY, owner.company_id)

    assert (await client.post("/auth/email/verify/resend")).status_code == 202

    second = await token(platform.context, owner.email, VERIFY, owner.company_id)
    assert (await platform.post("/auth/email/verify", {"token": first})).status_code == 400
    assert (await platform.post("/auth/email/verify", {"token": second})).status_code == 200
    assert (await platform.anyone.post("/auth/email/verify/resend")).status_code == 401


async def test_a_magic_link_signs_in_once(platform: Any) -> None:
    owner = await platform.business()
    assert (await platform.post("/auth/magic-link", {"email": owner.email})).status_code == 202
    shown = await token(platform.context, owner.email, MAGIC)

    signed_in = await platform.post("/auth/magic-link/redeem", {"token": shown})

    assert signed_in.status_code == 200
    assert (await platform.actor(signed_in.json()["access"])).user_id == owner.user_id
    assert jwt.get_unverified_claims(signed_in.json()["access"])["amr"] == ["email"]
    assert slug(await platform.post("/auth/magic-link/redeem", {"token": shown})) == (400, "link-invalid")


async def test_a_magic_link_asks_for_the_second_factor_and_stays_good_meanwhile(future: Any) -> None:
    app = await WithApp.of(future)
    future.context.clock.advance(seconds=30)
    await future.post("/auth/magic-link", {"email": app.owner.email})
    body = {"token": await token(future.context, app.owner.email, MAGIC)}

    assert slug(await future.post("/auth/magic-link/redeem", body)) == (401, "otp-required")
    wrong = await future.post("/auth/magic-link/redeem", {**body, "otp": "000000"})
    assert slug(wrong) == (401, "otp-invalid")
    done = await future.post("/auth/magic-link/redeem", {**body, "otp": app.code()})
    assert done.status_code == 200
    assert jwt.get_unverified_claims(done.json()["access"])["amr"] == ["email", "otp", "mfa"]


async def test_links_that_expired_long_ago_are_forgotten(later: ServiceContext, future: Any) -> None:
    owner = await future.business()
    shown = await forgotten(future, owner.email)
    link_id = link_id_of(later.keyring, shown)
    later.clock.advance(days=2)  # type: ignore[attr-defined]

    async with later.unit_of_work(platform=True) as uow:
        await forget_links(uow, {})
        left = text("SELECT count(*) FROM identity.one_time_links WHERE id = :id")
        assert await uow.session.scalar(left, {"id": link_id}) == 0
