"""The token of an invitation: its id and serial with a MAC by a key of the ring. So it is made when a mail leaves."""

import base64
import binascii
import hmac
from uuid import UUID

from libs.common.crypto import KeyRing

_LABEL = b"pillars-invitation"
_ID_BYTES, _SERIAL_BYTES, _MAC_BYTES = 16, 4, 31


def token_of(keyring: KeyRing, invitation_id: UUID, serial: int) -> str:
    """The token of an invitation: 68 characters that may stand in any URL."""
    body = invitation_id.bytes + serial.to_bytes(_SERIAL_BYTES, "big")
    return base64.urlsafe_b64encode(body + _mac(keyring.keys[keyring.current], body)).decode()


def read_token(keyring: KeyRing, token: str) -> tuple[UUID, int] | None:
    """The invitation and serial of a token, or None where no key of the ring made it."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _ID_BYTES + _SERIAL_BYTES + _MAC_BYTES:
        return None
    body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    # All keys are tried, so that the time does not tell which one it was.
    matches = [hmac.compare_digest(_mac(key, body), mac) for key in keyring.keys.values()]
    if not any(matches):
        return None
    return UUID(bytes=body[:_ID_BYTES]), int.from_bytes(body[_ID_BYTES:], "big")


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(hmac.digest(key, _LABEL, "sha256"), body, "sha256")[:_MAC_BYTES]
