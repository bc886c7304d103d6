"""Making a passkey: real bytes, and every way in which they may be wrong."""

from typing import Any

import cbor2
import pytest

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from libs.common.testing.authenticator import AT, UP, UV, Authenticator, b64, unb64
from services.identity.passkeys.models import Passkey
from services.identity.tests.passkeys.conftest import ORIGIN, problem, registered


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


SPOILT_KEYS: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://evil.example"},
    "another site": {"rp_id": "evil.example"},
    "nobody verified": {"flags": UP | AT},
    "nobody there": {"flags": UV | AT},
    "shown, not made": {"type": "webauthn.get"},
    "no key in it": {"flags": UP | UV},
    "a form nobody knows": {"fmt": "homemade"},
    "an algorithm nobody asked for": {
        "key": cbor2.dumps({1: 2, 3: -47, -1: 8, -2: b"x" * 32, -3: b"y" * 32})
    },
    "no key at all": {"key": cbor2.dumps({})},
    "not even a map": {"key": cbor2.dumps(7)},
}


@pytest.mark.parametrize("how", SPOILT_KEYS)
async def test_a_spoilt_key_is_not_registered(platform: Any, device: Authenticator, how: str) -> None:
    me = await platform.signed_in((await platform.business()).email)
    options = (await me.post("/auth/passkeys/register/options")).json()
    credential = device.create(options, **SPOILT_KEYS[how])
    refused = await me.post("/auth/passkeys/register/verify", json={"credential": credential})
    assert problem(refused) == (422, "passkey-not-registered")
    assert (await me.get("/auth/passkeys")).json()["items"] == []


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
    response = credential["response"]
    statement = unb64(response["attestationObject"]).replace(old, new)
    return {
        **credential,
        "id": b64(new),
        "rawId": b64(new),
        "response": {**response, "attestationObject": b64(statement)},
    }


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
