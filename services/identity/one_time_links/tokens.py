"""The token of a link: its id with a MAC by a key of the ring. So it can be made when the mail is sent, and lies nowhere."""

import base64
import binascii
import hmac
from uuid import UUID

from libs.common.crypto import KeyRing

_LABEL = b"pillars-one-time-link"
_ID_BYTES, _MAC_BYTES = 16, 32


def token_of(keyring: KeyRing, link_id: UUID) -> str:
    """The token of a link: 64 characters that may stand in any URL."""
    mac = _mac(keyring.keys[keyring.current], link_id.bytes)
    return base64.urlsafe_b64encode(link_id.bytes + mac).decode()


def link_id_of(keyring: KeyRing, token: str) -> UUID | None:
    """The link of a token, or None where no key of the ring made it."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != _ID_BYTES + _MAC_BYTES:
        return None
    link_id, mac = raw[:_ID_BYTES], raw[_ID_BYTES:]
    matches = [hmac.compare_digest(_mac(key, link_id), mac) for key in keyring.keys.values()]
    return UUID(bytes=link_id) if any(matches) else None


def _mac(key: bytes, link_id: bytes) -> bytes:
    return hmac.digest(hmac.digest(key, _LABEL, "sha256"), link_id, "sha256")
