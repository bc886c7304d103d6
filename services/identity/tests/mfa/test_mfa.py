"""Second factors over HTTP: setting an app up, signing in with it, losing it."""

import asyncio
from typing import Any

from jose import jwt
from sqlalchemy import select, text

from libs.common.runtime.context import ServiceContext
from libs.contracts.audit import CHANGE_RECORDED
from services.identity.mfa.models import TotpFactor
from services.identity.sessions.models import Session
from services.identity.tests.mfa.apps import WithApp


def slug(response: Any) -> tuple[int, str]:
    """Status and slug of a problem."""
    return response.status_code, response.json()["slug"]


async def test_an_app_counts_once_it_is_confirmed(platform: Any) -> None:
    owner = await platform.business()
    client = await platform.signed_in(owner.email)

    enrolled = (await client.post("/auth/mfa/totp")).json()

    assert set(enrolled) == {"secret", "otpauth_uri", "qr_svg"}
    assert enrolled["secret"] in enrolled["otpauth_uri"]
    assert await platform.login(owner.email)
    assert (await client.get("/auth/mfa/totp")).json()["is_enabled"] is False
    for code in ("000000", "٠٠٠٠٠٠", "00000é"):
        wrong = await client.post("/auth/mfa/totp/confirm", json={"code": code})
        assert slug(wrong) == (422, "wrong-otp")
    # A second try gives another seed, and the first one is forgotten.
    assert (await client.post("/auth/mfa/totp")).json()["secret"] != enrolled["secret"]


async def test_sign_in_asks_for_the_code_and_takes_it_once(future: Any) -> None:
    app = await WithApp.of(future)

    assert slug(await app.login()) == (401, "otp-required")
    # The code that confirmed the app was used by that.
    assert slug(await app.login(app.code())) == (401, "otp-invalid")
    future.context.clock.advance(seconds=30)
    code = app.code()
    assert slug(await app.login(code, "not the password")) == (401, "invalid-credentials")
    signed_in = await app.login(code)
    assert signed_in.status_code == 200
    assert slug(await app.login(code)) == (401, "otp-invalid")
    claims = jwt.get_unverified_claims(signed_in.json()["access"])
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    refreshed = await future.post("/auth/refresh", {"refresh": signed_in.json()["refresh"]})
    assert jwt.get_unverified_claims(refreshed.json()["access"])["amr"] == ["pwd", "otp", "mfa"]


async def test_a_plain_sign_in_says_that_it_was_by_password(platform: Any) -> None:
    owner = await platform.register()
    claims = jwt.get_unverified_claims((await platform.login(owner.email))["access"])
    assert claims["amr"] == ["pwd"]
    assert abs(claims["auth_time"] - claims["iat"]) <= 1


async def test_of_several_who_show_one_code_at_once_one_is_let_in(future: Any) -> None:
    app = await WithApp.of(future)
    future.context.clock.advance(seconds=30)
    code = app.code()

    answers = await asyncio.gather(*(app.login(code) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_recovery_codes_work_once_and_are_made_anew(future: Any) -> None:
    app = await WithApp.of(future)
    first, second, *_ = app.recovery_codes

    assert len(set(app.recovery_codes)) == 10
    answers = await asyncio.gather(*(app.login(first.upper()) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401]
    assert (await app.client.get("/auth/mfa/recovery-codes")).json() == {"left": 9}
    renewed = await app.client.post("/auth/mfa/recovery-codes")
    assert renewed.status_code == 201
    assert slug(await app.login(second)) == (401, "otp-invalid")
    assert (await app.login(renewed.json()["codes"][0])).status_code == 200


async def test_wrong_codes_lock_the_account_and_the_password_alone_does_not_wipe_them_away(
    future: Any,
) -> None:
    app = await WithApp.of(future)
    future.context.clock.advance(seconds=30)

    for _ in range(5):
        assert slug(await app.login("000000")) == (401, "otp-invalid")
        # Whoever knows the password shows it alone in between, wherever it is taken.
        await app.login()
        join = {"company_id": str(app.owner.company_id), "first_name": "A", "last_name": "B"}
        await future.post("/auth/signup", {**join, "email": app.owner.email, "password": app.owner.password})

    assert slug(await app.login(app.code())) == (429, "too-many-attempts")


async def test_codes_guessed_at_once_are_not_one_too_many(future: Any) -> None:
    app = await WithApp.of(future)
    answers = await asyncio.gather(*(app.login(f"00000{n}") for n in range(9)))
    assert sum(answer.status_code == 401 for answer in answers) == 5
    assert {answer.status_code for answer in answers} == {401, 429}


async def test_a_personal_token_asks_for_the_code_too(future: Any) -> None:
    app = await WithApp.of(future)
    future.context.clock.advance(seconds=30)
    body = {"username": app.owner.email, "password": app.owner.password}

    assert slug(await future.post("/auth/token", body)) == (401, "otp-required")
    assert (await future.post("/auth/token", {**body, "otp": app.code()})).status_code == 200


async def test_an_app_is_removed_with_its_codes(future: Any) -> None:
    app = await WithApp.of(future)

    assert slug(await app.client.post("/auth/mfa/totp")) == (409, "totp-enabled")
    assert (await app.client.delete("/auth/mfa/totp")).status_code == 204

    assert (await app.login()).status_code == 200
    assert (await app.client.get("/auth/mfa/totp")).json() == {
        "is_enabled": False,
        "confirmed_at": None,
        "recovery_codes_left": 0,
    }
    assert slug(await app.client.post("/auth/mfa/recovery-codes")) == (409, "totp-not-enabled")


async def test_what_is_risky_asks_once_more_when_the_sign_in_is_long_ago(future: Any) -> None:
    app = await WithApp.of(future)
    clock = future.context.clock
    clock.advance(seconds=901)

    for refused in (
        await app.client.delete("/auth/mfa/totp"),
        await app.client.post("/auth/mfa/recovery-codes"),
        await app.client.post("/auth/mfa/totp"),
        await app.client.post("/auth/mfa/totp/confirm", json={"code": app.code()}),
    ):
        assert slug(refused) == (403, "reauthentication-required")
    wrong = await app.client.post("/auth/reauthenticate", json={"password": "not this one"})
    assert slug(wrong) == (422, "wrong-password")
    assert slug(await app.client.post("/auth/reauthenticate", json={"otp": "000000"})) == (422, "wrong-otp")
    assert (await app.client.post("/auth/reauthenticate", json={})).status_code == 422
    shown = await app.client.post("/auth/reauthenticate", json={"otp": app.code()})
    assert (shown.status_code, shown.json()["valid_seconds"]) == (200, 900)
    assert (await app.client.post("/auth/mfa/recovery-codes")).status_code == 201
    clock.advance(seconds=901)
    # Who knows the password and has a stolen session must not get rid of the factor.
    alone = await app.client.post("/auth/reauthenticate", json={"password": app.owner.password})
    assert slug(alone) == (422, "code-due")
    assert slug(await app.client.delete("/auth/mfa/totp")) == (403, "reauthentication-required")
    both = {"password": app.owner.password, "otp": app.code()}
    assert (await app.client.post("/auth/reauthenticate", json=both)).status_code == 200
    assert (await app.client.delete("/auth/mfa/totp")).status_code == 204


def test_a_session_of_the_release_before_was_by_password() -> None:
    for before, after in (
        (None, ["pwd", "otp", "mfa"]),
        (["email"], ["email", "otp", "mfa"]),
        (["hwk", "user", "mfa"], ["hwk", "user", "mfa", "otp"]),
    ):
        session = Session(amr=before)
        assert session.show("otp")
        assert session.amr == after
        assert not session.show("otp")


async def test_nobody_else_sets_up_or_removes_an_app(platform: Any, client: Any) -> None:
    for method, path in (
        ("GET", "/auth/mfa/totp"),
        ("POST", "/auth/mfa/totp"),
        ("DELETE", "/auth/mfa/totp"),
        ("POST", "/auth/mfa/recovery-codes"),
        ("POST", "/auth/reauthenticate"),
    ):
        body = {"json": {"password": "x"}} if path.endswith("reauthenticate") else {}
        assert (await platform.anyone.request(method, path, **body)).status_code == 401


async def test_neither_seed_nor_codes_lie_open(future: Any) -> None:
    app = await WithApp.of(future)
    context: ServiceContext = future.context

    async with context.unit_of_work(platform=True) as uow:
        stored = await uow.session.scalar(select(TotpFactor.seed).where(TotpFactor.id == app.owner.user_id))
        assert stored is not None
        assert app.seed not in stored
        for table in ("totp_factors", "recovery_codes", "outbox", "jobs"):
            rows = (
                (await uow.session.execute(text(f"SELECT t::text FROM identity.{table} t"))).scalars().all()
            )
            for secret in (app.seed, *app.recovery_codes):
                assert not [row for row in rows if secret in row or secret.replace("-", "") in row], table


async def test_what_is_done_with_second_factors_is_written_down(future: Any) -> None:
    from libs.common.testing.events import emitted

    app = await WithApp.of(future)
    await app.login(app.recovery_codes[0])
    await app.client.post("/auth/mfa/recovery-codes")
    await app.client.delete("/auth/mfa/totp")

    records = await emitted(future.context, app.owner.company_id, CHANGE_RECORDED["identity"])
    actions = [e.data["action"] for e in records if e.data["resource"] == "user"]
    assert actions[-4:] == [
        "second_factor_enabled",
        "recovery_code_used",
        "recovery_codes_renewed",
        "second_factor_disabled",
    ]
