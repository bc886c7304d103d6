"""The one place that speaks to the WebAuthn library, which is loaded with the first answer of a device, for it holds megabytes.

It takes the bytes of devices apart and checks signatures. What is compared beyond that stands here, in the order of WebAuthn
level 3, sections 7.1 and 7.2: the library's own server does not look at all of it, and loads a list of all public suffixes.
"""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.identity.passkeys.models import Passkey
from services.identity.passkeys.relying_party import RelyingParty

if TYPE_CHECKING:
    from fido2.webauthn import AuthenticatorData

TIMEOUT_MS = 300_000
_TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
# As COSE numbers them, in the order in which we would have them: EdDSA, ES256, RS256.
_ALGORITHMS = (-8, -7, -257)
# A public key of RSA with 4096 bits takes 550 bytes.
_MOST_KEY_BYTES = 2_000
# Registered forms of what makers say of their devices. None is asked for, so nothing in them is believed, or read.
_STATEMENTS = frozenset({"none", "packed", "tpm", "android-key", "android-safetynet", "fido-u2f", "apple"})


class Refused(Exception):
    """The answer of a device does not hold; the text says why, for the logs of whoever asks us."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a device made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    device_type: str
    is_backed_up: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What a device says of a use of its key."""

    sign_count: int
    is_backed_up: bool


def new_challenge() -> bytes:
    """Random bytes for a device to sign."""
    return secrets.token_bytes(32)


def new_handle() -> bytes:
    """What a device is to call a person: nothing of theirs is in it."""
    return secrets.token_bytes(32)


def hash_of(challenge: bytes) -> bytes:
    """Under what a challenge is kept."""
    return hashlib.sha256(challenge).digest()


def decode(text: str) -> bytes:
    """Base64url without padding as bytes.

    Raises:
        Refused: it is none.
    """
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused("not base64url") from None


def asked(client_data_json: str) -> tuple[bytes, str]:
    """The challenge and the origin in an answer, before anything of it is believed.

    Raises:
        Refused: it cannot be read.
    """
    try:
        found = json.loads(decode(client_data_json))
        challenge, origin = found["challenge"], found["origin"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("no client data") from None
    if not isinstance(challenge, str) or not isinstance(origin, str):
        raise Refused("no client data")
    return decode(challenge), origin


def transports_of(given: Sequence[str]) -> list[str]:
    """The ways to a device that are known, each once."""
    return sorted(_TRANSPORTS & set(given))


def registration_options(
    party: RelyingParty,
    challenge: bytes,
    handle: bytes,
    name: str,
    display_name: str,
    known: Sequence[Passkey],
) -> dict[str, Any]:
    """The options with which a device makes a key that it keeps, for a person whom it verifies."""
    return {
        "rp": {"name": party.name, "id": party.id},
        "user": {"id": _encode(handle), "name": name, "displayName": display_name or name},
        "challenge": _encode(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in _ALGORITHMS],
        "timeout": TIMEOUT_MS,
        "excludeCredentials": [_descriptor(key) for key in known],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def login_options(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    """The options with which a device signs in whomever it has a key of."""
    return {
        "challenge": _encode(challenge),
        "timeout": TIMEOUT_MS,
        "rpId": party.id,
        "allowCredentials": [],
        "userVerification": "required",
    }


def check_registration(
    credential: dict[str, Any], challenge: bytes, party: RelyingParty, origin: str
) -> NewKey:
    """What a device made in answer to a challenge.

    Raises:
        Refused: the answer does not hold.
    """
    with _refusing():
        from fido2 import cbor
        from fido2.webauthn import AttestationObject

        _check_client_data(credential, "webauthn.create", challenge, party, origin)
        statement = AttestationObject(decode(credential["response"]["attestationObject"]))
        if statement.fmt not in _STATEMENTS or (statement.fmt == "none" and statement.att_stmt):
            raise Refused("a statement of an unknown form")
        data = statement.auth_data
        _check_data(data, party)
        made = data.credential_data
        if made is None or made.credential_id != decode(credential["rawId"]):
            raise Refused("no key of that id")
        if not _is_sound(made.public_key):
            raise Refused("a key that was not asked for")
        public_key = cbor.encode(made.public_key)
    if len(public_key) > _MOST_KEY_BYTES:
        raise Refused("a key that long")
    return NewKey(
        credential_id=made.credential_id,
        public_key=public_key,
        sign_count=data.counter,
        aaguid=str(made.aaguid),
        device_type="multi_device" if data.is_backup_eligible() else "single_device",
        is_backed_up=data.is_backed_up(),
    )


def check_login(
    credential: dict[str, Any], challenge: bytes, party: RelyingParty, origin: str, key: Passkey
) -> Use:
    """What a device says with the signature of a key. Whether its counter has grown is the caller's to look at.

    Raises:
        Refused: the answer does not hold.
    """
    with _refusing():
        from fido2 import cbor
        from fido2.cose import CoseKey
        from fido2.webauthn import AuthenticatorData

        client_data = _check_client_data(credential, "webauthn.get", challenge, party, origin)
        response = credential["response"]
        signed = decode(response["authenticatorData"])
        data = AuthenticatorData(signed)
        _check_data(data, party)
        kept: Any = cbor.decode(key.public_key)
        CoseKey.parse(kept).verify(
            signed + hashlib.sha256(client_data).digest(), decode(response["signature"])
        )
    return Use(sign_count=data.counter, is_backed_up=data.is_backed_up())


@contextmanager
def _refusing() -> Iterator[None]:
    """The library lets errors of its parsers through; whatever they are, the answer does not hold."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}"[:200]) from error


def _check_client_data(
    credential: dict[str, Any], kind: str, challenge: bytes, party: RelyingParty, origin: str
) -> bytes:
    """What the browser says, if it is that of this ceremony."""
    if credential["type"] != "public-key" or _encode(decode(credential["rawId"])) != credential["id"]:
        raise Refused("no public key of one id")
    text = credential["response"]["clientDataJSON"]
    if not party.accepts(origin) or asked(text) != (challenge, origin):
        raise Refused("another origin or challenge")
    client_data = decode(text)
    if json.loads(client_data).get("type") != kind:
        raise Refused("another ceremony")
    return client_data


def _check_data(data: "AuthenticatorData", party: RelyingParty) -> None:
    """Whether a device says that it spoke to our site, with a person whom it has verified."""
    from fido2 import cbor

    if data.rp_id_hash != hashlib.sha256(party.id.encode()).digest():
        raise Refused("another site")
    if not data.is_user_present() or not data.is_user_verified():
        raise Refused("nobody verified")
    if data.is_backed_up() and not data.is_backup_eligible():
        raise Refused("a copy of a key that cannot be copied")
    extensions = b"" if data.extensions is None else cbor.encode(data.extensions)
    # The library lets the last of two values of one name stand, and takes a text that ends early for whole.
    if len(data) != 37 + len(data.credential_data or b"") + len(extensions):
        raise Refused("parts of another length")


def _is_sound(key: dict[Any, Any]) -> bool:
    """Whether a key is of an algorithm that was asked for, and complete (RFC 9053, section 7; RFC 8230, section 4)."""
    match key:
        case {1: 1, 3: -8, -1: 6, -2: bytes(x)}:
            return len(x) == 32
        case {1: 2, 3: -7, -1: 1, -2: bytes(x), -3: bytes(y)}:
            return len(x) == len(y) == 32
        case {1: 3, 3: -257, -1: bytes(n), -2: bytes(e)}:
            return len(n) >= 256 and len(e) > 0
    return False


def _descriptor(key: Passkey) -> dict[str, Any]:
    named = {"id": _encode(key.credential_id), "type": "public-key"}
    return {**named, "transports": key.transports} if key.transports else named


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
