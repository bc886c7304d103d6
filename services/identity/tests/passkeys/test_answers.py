"""Answers of devices without a service around them: keys of all kinds, rows of before, and each comparison by itself."""

import json
from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from libs.common.testing.authenticator import (
    AT,
    BE,
    BS,
    ED,
    UP,
    UV,
    Authenticator,
    Key,
    Private,
    b64,
    cose_of,
    unb64,
)
from services.identity.passkeys import webauthn
from services.identity.passkeys.models import Passkey
from services.identity.passkeys.relying_party import RelyingParty
from services.identity.passkeys.webauthn import NewKey, Refused, Use

ORIGIN = "https://shop.example"
PARTY = RelyingParty("shop.example", "Shop", frozenset({ORIGIN}))
CHALLENGE = b"c" * 32
HANDLE = b"h" * 32
Spoil = Callable[[dict[str, Any]], Any]


def made(device: Authenticator, spoil: Spoil = lambda credential: None, **spoilt: Any) -> NewKey:
    """What a device makes, as it is believed."""
    options = webauthn.registration_options(PARTY, CHALLENGE, HANDLE, "n", "", [])
    credential = device.create(options, **spoilt)
    spoil(credential)
    return webauthn.check_registration(credential, CHALLENGE, PARTY, ORIGIN)


def used(
    device: Authenticator, public_key: bytes, spoil: Spoil = lambda credential: None, **spoilt: Any
) -> Use:
    """What a device shows, as it is believed."""
    credential = device.get(webauthn.login_options(PARTY, CHALLENGE), **spoilt)
    spoil(credential)
    return webauthn.check_login(credential, CHALLENGE, PARTY, ORIGIN, Passkey(public_key=public_key))


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(ORIGIN)


P256 = ec.derive_private_key(7, ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(b"7" * 32)


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.mark.parametrize("kind", ["ES256", "EdDSA", "RS256"])
def test_a_key_of_each_kind_that_is_asked_for_signs(
    device: Authenticator, rsa_key: rsa.RSAPrivateKey, kind: str
) -> None:
    private: Private = {"ES256": P256, "EdDSA": ED25519, "RS256": rsa_key}[kind]

    key = made(device, private=private)

    assert key.credential_id == device.keys[0].credential_id
    assert cbor2.loads(key.public_key) == cose_of(private)
    assert key.aaguid == "00000000-0000-0000-0000-000000000000"
    assert (key.sign_count, key.device_type, key.is_backed_up) == (0, "single_device", False)
    assert used(device, key.public_key) == Use(sign_count=1, is_backed_up=False)
    with pytest.raises(Refused, match="InvalidSignature"):
        used(device, made(Authenticator(ORIGIN)).public_key)


# As py_webauthn 3 wrote them; it left their members in the order of the device.
ROWS: dict[str, tuple[Private, str]] = {
    "ES256": (
        P256,
        "a50102032620012158208e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a3"
        "22582073eb1dbde03318366d069f83a6f5900053c73633cb041b21c55e1a86c1f400b4",
    ),
    "ES256, turned round": (
        P256,
        "a522582073eb1dbde03318366d069f83a6f5900053c73633cb041b21c55e1a86c1f400b4"
        "2158208e533b6fa0bf7b4625bb30667c01fb607ef9f8b8a80fef5b300628703187b2a3200103260102",
    ),
    "EdDSA": (
        ED25519,
        "a40101032720062158202c848ad8664ee651e4896c13a84a89a2964aca5eb77a8b881e60ded5c81b4e9d",
    ),
    "EdDSA, turned round": (
        ED25519,
        "a42158202c848ad8664ee651e4896c13a84a89a2964aca5eb77a8b881e60ded5c81b4e9d200603270101",
    ),
}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_of_another_library_sign_in(device: Authenticator, kind: str) -> None:
    private, row = ROWS[kind]
    device.keys.append(Key(PARTY.id, HANDLE, private=private))
    assert used(device, bytes.fromhex(row)).sign_count == 1
    with pytest.raises(Refused, match="InvalidSignature"):
        used(device, bytes.fromhex(row), private=ec.generate_private_key(ec.SECP256R1()))


def test_a_key_in_any_order_is_kept_in_the_one_of_devices(device: Authenticator) -> None:
    turned = cbor2.dumps(dict(reversed(cose_of(P256).items())))
    assert made(device, private=P256, key=turned).public_key.hex() == ROWS["ES256"][1]


def test_extensions_and_statements_of_makers_are_passed_over(device: Authenticator) -> None:
    protected = cbor2.dumps({"credProtect": 2, "hmac-secret": True})
    statement = {"alg": -7, "sig": b"unread", "x5c": [b"unread"]}
    key = made(device, flags=UP | UV | AT | ED, extensions=protected, fmt="packed", statement=statement)
    assert used(device, key.public_key, flags=UP | UV | ED, extensions=protected).sign_count == 1


def _client_data(**said: Any) -> Spoil:
    def spoil(credential: dict[str, Any]) -> None:
        response = credential["response"]
        whole = json.loads(unb64(response["clientDataJSON"])) | said
        response["clientDataJSON"] = b64(json.dumps(whole).encode())

    return spoil


ANSWERS: dict[str, tuple[str, Spoil]] = {
    "another type": ("no public key", lambda c: c.update(type="password")),
    "two ids": ("no public key", lambda c: c.update(id=b64(b"another"))),
    "another challenge": ("origin or challenge", _client_data(challenge=b64(b"d" * 32))),
    "another origin": ("origin or challenge", _client_data(origin="https://evil.example")),
    "no kind": ("another ceremony", _client_data(type=None)),
    "a challenge that is a number": ("no client data", _client_data(challenge=10**12)),
}


@pytest.mark.parametrize("how", ANSWERS)
def test_an_answer_to_something_else_is_refused(device: Authenticator, how: str) -> None:
    reason, spoil = ANSWERS[how]
    public_key = made(device).public_key
    with pytest.raises(Refused, match=reason):
        made(device, spoil)
    with pytest.raises(Refused, match=reason):
        used(device, public_key, spoil)


def test_an_origin_that_the_site_does_not_take_is_refused_though_the_browser_says_it() -> None:
    elsewhere = Authenticator("https://evil.example")
    options = webauthn.registration_options(PARTY, CHALLENGE, HANDLE, "n", "", [])
    with pytest.raises(Refused, match="another origin"):
        webauthn.check_registration(elsewhere.create(options), CHALLENGE, PARTY, elsewhere.origin)


DATA: dict[str, tuple[str, dict[str, Any]]] = {
    "another site": ("another site", {"rp_id": "evil.example"}),
    "nobody there": ("nobody verified", {"flags": UV}),
    "nobody verified": ("nobody verified", {"flags": UP}),
    "a copy of what cannot be copied": ("cannot be copied", {"flags": UP | UV | BS}),
    "more than there is": ("Wrong length", {"extensions": b"\x00"}),
    "extensions that are not there": ("IndexError", {"flags": UP | UV | ED}),
    "a name twice": ("another length", {"flags": UP | UV | ED, "extensions": b"\xa2\x01\x02\x01\x03"}),
    "a text that ends early": (
        "another length",
        {"flags": UP | UV | ED, "extensions": b"\x58\x20" + b"x" * 9},
    ),
    "no end of lists": ("RecursionError", {"flags": UP | UV | ED, "extensions": b"\x81" * 14_000}),
    "no end of one list": ("IndexError", {"flags": UP | UV | ED, "extensions": b"\x9b" + b"\xff" * 9}),
}


@pytest.mark.parametrize("how", DATA)
def test_data_of_a_device_that_does_not_hold_is_refused(device: Authenticator, how: str) -> None:
    reason, spoilt = DATA[how]
    public_key = made(device).public_key
    with pytest.raises(Refused, match=reason):
        used(device, public_key, **spoilt)
    with pytest.raises(Refused, match=reason):
        made(device, **{**spoilt, "flags": spoilt.get("flags", UP | UV) | AT})


def test_copies_are_believed_where_a_device_makes_them(device: Authenticator) -> None:
    key = made(device, flags=UP | UV | AT | BE)
    assert (key.device_type, key.is_backed_up) == ("multi_device", False)
    assert used(device, key.public_key, flags=UP | UV | BE | BS).is_backed_up


def _cose(**changed: Any) -> bytes:
    names = {"kty": 1, "alg": 3, "crv": -1, "x": -2, "y": -3}
    changes = {names[name]: value for name, value in changed.items()}
    whole = {**cose_of(P256), **changes}
    return cbor2.dumps({name: value for name, value in whole.items() if value is not None})


def _rsa(n: bytes, e: bytes = b"\x01\x00\x01") -> bytes:
    return cbor2.dumps({1: 3, 3: -257, -1: n, -2: e})


KEYS: dict[str, bytes] = {
    "of another family": _cose(kty=3),
    "of another algorithm": _cose(alg=-47),
    "of an algorithm that the library knows": _cose(alg=-9),
    "without an algorithm": _cose(alg=None),
    "on another curve": _cose(crv=2),
    "of half a point": _cose(y=None),
    "of a short point": _cose(x=b"x" * 31),
    "of numbers": _cose(x=7),
    "of Edwards, short": cbor2.dumps({1: 1, 3: -8, -1: 6, -2: b"x" * 31}),
    "of Edwards, on another curve": cbor2.dumps({1: 1, 3: -8, -1: 7, -2: b"x" * 32}),
    "of RSA, too short": _rsa(b"\xff" * 128),
    "of RSA, without an exponent": _rsa(b"\xff" * 256, b""),
    "of RSA, too long": _rsa(b"\xff" * 2_000),
    "of many members": cbor2.dumps(cose_of(P256) | dict.fromkeys(range(100, 2_000), 0)),
    "with a member twice": b"\xa6" + cbor2.dumps(cose_of(P256))[1:] + b"\x03\x26",
    "in lists without end": b"\x81" * 10_000,
    "that ends early": cbor2.dumps(cose_of(P256))[:-1],
    "of nothing": b"",
}


@pytest.mark.parametrize("what", KEYS)
def test_a_key_that_cannot_be_is_refused(device: Authenticator, what: str) -> None:
    with pytest.raises(Refused):
        made(device, key=KEYS[what])


@pytest.mark.parametrize(
    "spoilt", [{"fmt": "homemade"}, {"fmt": 7}, {"fmt": "none", "statement": {"sig": b"x"}}], ids=str
)
def test_a_statement_of_an_unknown_form_is_refused(device: Authenticator, spoilt: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="unknown form"):
        made(device, **spoilt)


def test_the_id_of_a_new_key_is_the_one_that_the_device_says(device: Authenticator) -> None:
    other = b64(b"another")
    with pytest.raises(Refused, match="no key of that id"):
        made(device, lambda c: c.update(id=other, rawId=other))


@pytest.mark.parametrize("member", ["authenticatorData", "signature", "clientDataJSON"])
def test_whatever_was_changed_after_it_was_signed_is_refused(device: Authenticator, member: str) -> None:
    public_key = made(device).public_key

    def spoil(credential: dict[str, Any]) -> None:
        raw = unb64(credential["response"][member])
        # A count that is higher, a signature that is another, a text with a space more.
        changed = raw + b" " if member == "clientDataJSON" else raw[:-1] + bytes([raw[-1] ^ 1])
        credential["response"][member] = b64(changed)

    with pytest.raises(Refused, match="InvalidSignature"):
        used(device, public_key, spoil)


def test_the_options_are_those_that_browsers_read() -> None:
    known = [
        Passkey(credential_id=b"\xfb\xff", transports=["hybrid", "internal"]),
        Passkey(credential_id=b"2", transports=[]),
    ]
    challenge, handle = b64(CHALLENGE), b64(HANDLE)

    assert webauthn.registration_options(PARTY, CHALLENGE, HANDLE, "a@b.example", "", known) == {
        "rp": {"name": "Shop", "id": "shop.example"},
        "user": {"id": handle, "name": "a@b.example", "displayName": "a@b.example"},
        "challenge": challenge,
        "pubKeyCredParams": [{"type": "public-key", "alg": a} for a in (-8, -7, -257)],
        "timeout": 300_000,
        "excludeCredentials": [
            {"id": "-_8", "type": "public-key", "transports": ["hybrid", "internal"]},
            {"id": "Mg", "type": "public-key"},
        ],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    assert webauthn.login_options(PARTY, CHALLENGE) == {
        "challenge": challenge,
        "timeout": 300_000,
        "rpId": "shop.example",
        "allowCredentials": [],
        "userVerification": "required",
    }
