"""The one place that speaks to the WebAuthn library, which is loaded with the first ceremony, for it holds megabytes."""

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.identity.passkeys.models import Passkey
from services.identity.passkeys.relying_party import RelyingParty

TIMEOUT_MS = 300_000
_TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
# A public key of RSA with 4096 bits takes 550 bytes.
_MOST_KEY_BYTES = 2_000


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
    from webauthn import generate_registration_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        AuthenticatorTransport,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=handle,
        user_name=name,
        user_display_name=display_name or name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[
            PublicKeyCredentialDescriptor(
                id=key.credential_id, transports=[AuthenticatorTransport(t) for t in key.transports] or None
            )
            for key in known
        ],
    )
    return options_to_json_dict(options)


def login_options(party: RelyingParty, challenge: bytes) -> dict[str, Any]:
    """The options with which a device signs in whomever it has a key of."""
    from webauthn import generate_authentication_options
    from webauthn.helpers import options_to_json_dict
    from webauthn.helpers.structs import UserVerificationRequirement

    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def check_registration(
    credential: dict[str, Any], challenge: bytes, party: RelyingParty, origin: str
) -> NewKey:
    """What a device made in answer to a challenge.

    Raises:
        Refused: the answer does not hold.
    """
    from webauthn import verify_registration_response

    if not party.accepts(origin):
        raise Refused("another origin")
    try:
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=origin,
            require_user_verification=True,
        )
    except Exception as error:
        # The library lets errors of its parsers through; whatever they are, the answer does not hold.
        raise Refused(f"{type(error).__name__}: {error}"[:200]) from error
    if len(made.credential_public_key) > _MOST_KEY_BYTES:
        raise Refused("a key that long")
    return NewKey(
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        aaguid=made.aaguid,
        device_type=made.credential_device_type.value,
        is_backed_up=made.credential_backed_up,
    )


def check_login(
    credential: dict[str, Any], challenge: bytes, party: RelyingParty, origin: str, key: Passkey
) -> Use:
    """What a device says with the signature of a key. Whether its counter has grown is the caller's to look at.

    Raises:
        Refused: the answer does not hold.
    """
    from webauthn import verify_authentication_response

    if not party.accepts(origin):
        raise Refused("another origin")
    try:
        used = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=origin,
            credential_public_key=key.public_key,
            # The library compares before it has looked at the signature; a count that nobody signed says nothing.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}"[:200]) from error
    return Use(sign_count=used.new_sign_count, is_backed_up=used.credential_backed_up)
