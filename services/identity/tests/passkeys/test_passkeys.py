"""Passkeys over HTTP, with a device in software: real bytes, and every way in which they may be wrong."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.actors import user
from libs.common.testing.authenticator import AT, BE, BS, UP, UV, Authenticator, b64
from libs.common.testing.client import Client
from libs.common.testing.events import emitted
from libs.contracts.audit import CHANGE_RECORDED
from services.identity.passkeys.jobs import forget_challenges
from services.identity.passkeys.models import Passkey, PasskeyChallenge
from services.identity.tests.hosts import proven_host

ORIGIN = "http://127.0.0.1:8000"


@pytest.fixture
def device() -> Authenticator:
    """A device with a browser on it."""
    return Authenticator(ORIGIN)


async def registered(me: Client, device: Authenticator, **fields: Any) -> dict[str, Any]:
    """A passkey that a device has made."""
    options = await me.post("/auth/passkeys/register/options")
    assert options.status_code == 200, options.text
    made = await me.post(
        "/auth/passkeys/register/verify", json={"credential": device.create(options.json()), **fields}
    )
    assert made.status_code == 201, made.text
    return dict(made.json())


async def asked(platform: Any, email: str | None = None, **headers: str) -> dict[str, Any]:
    """Options for signing in."""
    answer = await platform.post("/auth/passkeys/login/options", {"email": email} if email else {}, **headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def shown(platform: Any, credential: dict[str, Any], **fields: Any) -> Any:
    """The answer to a credential."""
    return await platform.post("/auth/passkeys/login/verify", {"credential": credential, **fields})


def problem(response: Any) -> tuple[int, str]:
    """Status and slug."""
    return response.status_code, response.json().get("slug")


async def records(context: ServiceContext, tenant_id: UUID, action: str) -> list[dict[str, Any]]:
    """The audit records of an action."""
    found = await emitted(context, tenant_id, CHANGE_RECORDED["identity"])
    return [e.data for e in found if e.data["action"] == action]


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


async def test_the_options_ask_for_a_key_that_stays_and_a_person_who_is_verified(
    platform: Any, device: Authenticator
) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)

    options = (await me.post("/auth/passkeys/register/options")).json()
    await registered(me, device)
    more = (await me.post("/auth/passkeys/register/options")).json()

    assert options["rp"] == {"id": "localhost", "name": "Pillars"}
    assert options["user"]["name"] == owner.email
    assert owner.email.encode() not in options["user"]["id"].encode()
    assert options["authenticatorSelection"] == {
        "residentKey": "required",
        "requireResidentKey": True,
        "userVerification": "required",
    }
    assert (options["attestation"], options["excludeCredentials"]) == ("none", [])
    assert {p["alg"] for p in options["pubKeyCredParams"]} == {-8, -7, -257}
    assert [c["id"] for c in more["excludeCredentials"]] == [b64(device.keys[0].credential_id)]
    # A device must know that both are of one person.
    assert more["user"]["id"] == b64(device.keys[0].user_handle)
    assert options["challenge"] != more["challenge"]


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
    import asyncio

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


SPOILT_KEYS: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "another site": {"rp_id": "evil.example"},
    "nobody verified": {"flags": UP | AT},
    "nobody there": {"flags": UV | AT},
    "shown, not made": {"type": "webauthn.get"},
    "no key in it": {"flags": UP | UV},
    "a form nobody knows": {"fmt": "homemade"},
    "an algorithm nobody asked for": {"cose": {1: 2, 3: -47, -1: 8, -2: b"x" * 32, -3: b"y" * 32}},
    "no key at all": {"cose": {}},
    "not even a map": {"cose": 7},
}


@pytest.mark.parametrize("how", SPOILT_KEYS)
async def test_a_spoilt_key_is_not_registered(platform: Any, device: Authenticator, how: str) -> None:
    me = await platform.signed_in((await platform.business()).email)
    options = (await me.post("/auth/passkeys/register/options")).json()
    credential = device.create(options, **SPOILT_KEYS[how])
    refused = await me.post("/auth/passkeys/register/verify", json={"credential": credential})
    assert problem(refused) == (422, "passkey-not-registered")
    assert (await me.get("/auth/passkeys")).json()["items"] == []


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


async def test_a_passkey_is_registered_once_by_one_person(platform: Any, device: Authenticator) -> None:
    me, other = [await platform.signed_in((await platform.business()).email) for _ in range(2)]
    await registered(me, device)
    for client in (me, other):
        options = (await client.post("/auth/passkeys/register/options")).json()
        twin = Authenticator(ORIGIN)
        credential = twin.create(options)
        key = device.keys[0]
        # The same id, in all places where it stands.
        data = twin_of(credential, twin.keys[0].credential_id, key.credential_id)
        refused = await client.post("/auth/passkeys/register/verify", json={"credential": data})
        assert problem(refused) == (409, "passkey-known")


def twin_of(credential: dict[str, Any], old: bytes, new: bytes) -> dict[str, Any]:
    """A new credential with another id."""
    from libs.common.testing.authenticator import unb64

    response = credential["response"]
    statement = unb64(response["attestationObject"]).replace(old, new)
    return {
        **credential,
        "id": b64(new),
        "rawId": b64(new),
        "response": {**response, "attestationObject": b64(statement)},
    }


async def test_they_are_listed_renamed_and_removed_by_their_owner_alone(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    other = await platform.signed_in((await platform.business()).email)
    one, two = await registered(me, device, name="One"), await registered(me, device)
    path = f"/auth/passkeys/{one['id']}"

    assert [k["id"] for k in (await me.get("/auth/passkeys")).json()["items"]] == [two["id"], one["id"]]
    page = (await me.get("/auth/passkeys", params={"limit": 1})).json()
    rest = (await me.get("/auth/passkeys", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [k["id"] for k in (*page["items"], *rest["items"])] == [two["id"], one["id"]]
    assert (await other.get("/auth/passkeys")).json()["items"] == []
    for method in ("GET", "PATCH", "DELETE"):
        body = {"json": {"name": "x"}} if method == "PATCH" else {}
        assert problem(await other.request(method, path, **body)) == (404, "not-found")
    assert problem(await me.patch(path, json={"name": None})) == (422, "validation-failed")
    assert (await me.patch(path, json={})).json()["name"] == "One"
    renamed = await me.patch(path, json={"name": "Uno"})
    assert renamed.json()["name"] == "Uno"
    stale = await me.delete(path, headers={"If-Match": '"1"'})
    assert problem(stale) == (412, "precondition-failed")
    assert (await me.delete(path, headers={"If-Match": renamed.headers["etag"]})).status_code == 204
    assert (await me.get(path)).status_code == 404
    gone = device.keys[0]
    assert problem(await shown(platform, device.get(await asked(platform), gone))) == (401, "passkey-refused")
    assert (await shown(platform, device.get(await asked(platform)))).status_code == 200
    done = [r["action"] for r in await all_records(context, owner.company_id) if r["resource"] == "passkey"]
    assert done == ["created", "created", "updated", "updated", "deleted"]


async def all_records(context: ServiceContext, tenant_id: UUID) -> list[dict[str, Any]]:
    """All audit records of a business."""
    return [e.data for e in await emitted(context, tenant_id, CHANGE_RECORDED["identity"])]


async def test_guests_keys_and_those_who_act_as_another_have_none(
    platform: Any, context: ServiceContext, tenant_id: UUID
) -> None:
    acting = Client(context, user(tenant_id, acting_user_id=new_id()))
    key = Client(context, user(tenant_id, key_id=new_id()))
    for method, path in (
        ("POST", "/auth/passkeys/register/options"),
        ("GET", "/auth/passkeys"),
        ("GET", f"/auth/passkeys/{new_id()}"),
        ("DELETE", f"/auth/passkeys/{new_id()}"),
    ):
        assert problem(await acting.request(method, path)) in (
            (403, "acting-as-another"),
            (403, "reauthentication-required"),
        )
        assert (await key.request(method, path)).status_code == 401
        assert (await platform.anyone.request(method, path)).status_code == 401


async def test_what_is_risky_asks_once_more_who_one_is(
    later: Any, future: Any, device: Authenticator
) -> None:
    me = await future.signed_in((await future.business()).email)
    made = await registered(me, device)
    later.clock.advance(seconds=901)
    for method, path in (
        ("POST", "/auth/passkeys/register/options"),
        ("DELETE", f"/auth/passkeys/{made['id']}"),
    ):
        assert problem(await me.request(method, path)) == (403, "reauthentication-required")
    assert (await me.get("/auth/passkeys")).status_code == 200


async def test_twenty_passkeys_are_enough(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    options = (await me.post("/auth/passkeys/register/options")).json()
    async with context.unit_of_work(platform=True) as uow:
        for _ in range(20):
            uow.session.add(
                Passkey(
                    user_id=owner.user_id,
                    name="x",
                    rp_id="localhost",
                    credential_id=new_id().bytes,
                    public_key=b"x",
                    user_handle=b"x",
                    sign_count=0,
                    transports=[],
                    device_type="single_device",
                    is_backed_up=False,
                    aaguid="",
                )
            )
    made = await me.post("/auth/passkeys/register/verify", json={"credential": device.create(options)})
    assert problem(made) == (409, "too-many-passkeys")
    assert problem(await me.post("/auth/passkeys/register/options")) == (409, "too-many-passkeys")


async def test_an_account_that_is_switched_off_has_no_use_of_its_passkeys(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    async with context.unit_of_work(platform=True) as uow:
        statement = text("UPDATE identity.users SET is_active = false WHERE id = :id")
        await uow.session.execute(statement, {"id": owner.user_id})
    assert problem(await shown(platform, device.get(await asked(platform)))) == (401, "passkey-refused")


async def test_a_shop_at_its_own_host_has_passkeys_of_its_own(platform: Any, device: Authenticator) -> None:
    owner = await platform.business()
    me = await platform.signed_in(owner.email)
    host = await proven_host(platform.context, owner.company_id)
    claimed = await proven_host(platform.context, owner.company_id, is_proven=False)
    await registered(me, device)
    there = {"X-Forwarded-Host": f"{host.upper()}:8443"}
    phone = Authenticator(f"https://{host}")

    options = (await me.post("/auth/passkeys/register/options", headers=there)).json()
    assert (options["rp"], options["excludeCredentials"]) == ({"id": host, "name": "Karoo Coffee"}, [])
    body = {"credential": phone.create(options)}
    assert (await me.post("/auth/passkeys/register/verify", json=body, headers=there)).status_code == 201
    at_shop = await asked(platform, **there)
    assert at_shop["rpId"] == host
    assert (await shown(platform, phone.get(at_shop))).status_code == 200
    # A key of the platform's answers for the shop, and the other way round, though both are that person's.
    swapped = device.get(await asked(platform, **there), device.keys[0], rp_id=host, origin=f"https://{host}")
    assert problem(await shown(platform, swapped)) == (401, "passkey-refused")
    back = phone.get(await asked(platform), phone.keys[0], rp_id="localhost", origin=ORIGIN)
    assert problem(await shown(platform, back)) == (401, "passkey-refused")
    # A host that leads nowhere is the platform's, and so is one that somebody merely claims.
    assert (await asked(platform, **{"X-Forwarded-Host": claimed}))["rpId"] == "localhost"
    assert (await asked(platform, **{"X-Forwarded-Host": "evil.example"}))["rpId"] == "localhost"


async def test_a_tenants_scope_never_sees_passkeys(
    platform: Any, device: Authenticator, context: ServiceContext
) -> None:
    owner = await platform.business()
    await registered(await platform.signed_in(owner.email), device)
    await asked(platform)
    async with context.unit_of_work(tenant_id=owner.company_id) as uow:
        for table in ("passkeys", "passkey_challenges"):
            assert await uow.session.scalar(text(f"SELECT count(*) FROM identity.{table}")) == 0
    assert owner.company_id != OPERATOR_TENANT_ID
