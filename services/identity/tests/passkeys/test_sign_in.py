"""Signing in with a passkey: real bytes, and every way in which they may be wrong."""

from typing import Any

import pytest
from sqlalchemy import text

from libs.common.runtime.context import ServiceContext
from libs.common.testing.authenticator import AT, BE, BS, UP, UV, Authenticator, b64
from services.identity.tests.passkeys.conftest import (
    ORIGIN,
    asked,
    problem,
    records,
    registered,
    shown,
)


async def test_a_passkey_is_registered_and_signs_in_without_a_name(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)

    made = await registered(me, device, name="Thandi's phone")
    answer = await shown(platform, device.get(await asked(platform)))

    assert made["name"] == "Thandi's phone"
    assert (made["rp_id"], made["last_used_at"], made["transports"]) == (
        "localhost",
        None,
        ["hybrid", "internal"],
    )
    assert answer.status_code == 200, answer.text
    tokens = answer.json()
    assert tokens["user"]["id"] == str(owner.user_id)
    actor = await platform.actor(tokens["access"])
    assert (actor.user_id, actor.tenant_id) == (owner.user_id, owner.company_id)
    assert (await platform.post("/auth/refresh", {"refresh": tokens["refresh"]})).status_code == 200
    assert (await me.get(f"/auth/passkeys/{made['id']}")).json()["last_used_at"] is not None
    (signed_in,) = [
        r for r in await records(context, owner.company_id, "signed_in") if r["after"]["amr"] != ["pwd"]
    ]
    assert signed_in["after"]["amr"] == ["hwk", "user", "mfa"]


async def test_the_answer_of_a_browser_may_be_the_body(platform: Any, device: Authenticator) -> None:
    me = await platform.signed_in((await platform.business()).email)
    path = "/auth/passkeys/register"
    created = device.create((await me.post(f"{path}/options")).json())
    assert {"clientExtensionResults", "response"} <= set(created)

    made = await me.post(f"{path}/verify", json={**created, "name": "Phone"})

    assert (made.status_code, made.json()["name"]) == (201, "Phone")
    used = device.get(await asked(platform))
    answer = await platform.post("/auth/passkeys/login/verify", {**used, "remember": False})
    assert answer.status_code == 200, answer.text
    assert problem(await platform.post("/auth/passkeys/login/verify", {"response": {}}))[0] == 422


async def test_options_for_a_name_tell_nothing_of_it(platform: Any, device: Authenticator) -> None:
    owner, other = await platform.business(), await platform.business()
    await registered(await platform.signed_in(owner.email), device)

    answers = [await asked(platform, e) for e in (owner.email, other.email, platform.email(), None)]

    for options in answers:
        assert len(options.pop("challenge")) == 43
    assert answers == [answers[0]] * 4
    assert answers[0]["allowCredentials"] == []
    assert (answers[0]["rpId"], answers[0]["userVerification"]) == ("localhost", "required")


async def test_with_a_name_only_a_passkey_of_that_person_signs_in(
    platform: Any, device: Authenticator
) -> None:
    owner, other = await platform.business(), await platform.business()
    await registered(await platform.signed_in(owner.email), device)

    own = await shown(platform, device.get(await asked(platform, f" {owner.email.upper()} ")))
    elsewhere = [
        await shown(platform, device.get(await asked(platform, e))) for e in (other.email, platform.email())
    ]

    assert own.status_code == 200, own.text
    assert [problem(r) for r in elsewhere] == [(401, "passkey-refused")] * 2
    assert elsewhere[0].json() | {"request_id": 0} == elsewhere[1].json() | {"request_id": 0}


SPOILT_USES = {
    "another origin": {"origin": "https://evil.example"},
    "an origin that begins like ours": {"origin": "https://localhost.evil.example"},
    "an origin with a name in it": {"origin": "https://localhost@evil.example"},
    "another site": {"rp_id": "evil.example"},
    "nobody verified": {"flags": UP},
    "nobody there": {"flags": UV},
    "made, not shown": {"type": "webauthn.create"},
    "somebody else's handle": {"user_handle": b"somebody else"},
}


@pytest.mark.parametrize("how", SPOILT_USES)
async def test_a_spoilt_answer_signs_nobody_in(platform: Any, device: Authenticator, how: str) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    refused = await shown(platform, device.get(await asked(platform), **SPOILT_USES[how]))
    assert problem(refused) == (401, "passkey-refused")
    assert (await shown(platform, device.get(await asked(platform)))).status_code == 200


async def test_a_signature_by_another_key_signs_nobody_in(platform: Any, device: Authenticator) -> None:
    owner, thief = await platform.business(), Authenticator(ORIGIN)
    me = await platform.signed_in(owner.email)
    await registered(me, device)
    stranger = thief.create((await me.post("/auth/passkeys/register/options")).json())

    forged = await shown(platform, device.get(await asked(platform), private=thief.keys[0].private))
    unknown = await shown(platform, thief.get(await asked(platform)))

    assert problem(forged) == problem(unknown) == (401, "passkey-refused")
    assert forged.json() | {"request_id": 0} == unknown.json() | {"request_id": 0}
    assert stranger["id"] != b64(device.keys[0].credential_id)


async def test_a_counter_that_goes_back_is_refused_and_written_down(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    key = device.keys[0]
    assert (await shown(platform, device.get(await asked(platform), count=7))).status_code == 200

    for count in (7, 6, 0):
        refused = await shown(platform, device.get(await asked(platform), count=count))
        assert problem(refused) == (401, "passkey-refused")
    # A count that the key did not sign says nothing.
    other = Authenticator(ORIGIN)
    other.create({"rp": {"id": "localhost"}, "user": {"id": "eA"}, "challenge": "eA"})
    forged = device.get(await asked(platform), key, count=1, private=other.keys[0].private)
    assert problem(await shown(platform, forged)) == (401, "passkey-refused")

    found = await records(context, owner.company_id, "counter_went_back")
    assert [(r["after"]["counter"], r["after"]["counter_before"]) for r in found] == [(7, 7), (6, 7), (0, 7)]
    assert (await shown(platform, device.get(await asked(platform), count=8))).status_code == 200


async def test_a_device_that_does_not_count_signs_in_every_time(platform: Any) -> None:
    owner, device = await platform.business(), Authenticator(ORIGIN, counts=False)
    me = await platform.signed_in(owner.email)
    options = (await me.post("/auth/passkeys/register/options")).json()
    copied = device.create(options, flags=UP | UV | AT | BE | BS)
    made = await me.post("/auth/passkeys/register/verify", json={"credential": copied})
    assert (made.json()["device_type"], made.json()["is_backed_up"]) == ("multi_device", True)

    for _ in range(2):
        use = device.get(await asked(platform), flags=UP | UV | BE | BS)
        assert (await shown(platform, use)).status_code == 200


async def test_an_account_that_is_switched_off_has_no_use_of_its_passkeys(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    async with context.unit_of_work(platform=True) as uow:
        statement = text("UPDATE identity.users SET is_active = false WHERE id = :id")
        await uow.session.execute(statement, {"id": owner.user_id})
    assert problem(await shown(platform, device.get(await asked(platform)))) == (401, "passkey-refused")
