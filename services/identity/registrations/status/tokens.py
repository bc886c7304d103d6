"""The tokens in the links by which applicants follow their registrations: signed, expiring, revocable, kept nowhere."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

_MAC_BYTES = 20
_LENGTH = 16 + 4 + 6 + _MAC_BYTES


@dataclass(frozen=True, slots=True)
class StatusClaim:
    """What a link says: of which registration, the number it must still bear, and until when (Unix seconds)."""

    registration_id: UUID
    serial: int
    expires: int


class StatusLinks:
    """Writes and reads the tokens. Those signed with one of the `accepted` keys are good too."""

    def __init__(self, secret: str, *, accepted: Iterable[str] = ()) -> None:
        self._keys = [
            hashlib.sha256(b"pillars-status-link:" + key.encode()).digest() for key in (secret, *accepted)
        ]

    def token(self, registration_id: UUID, serial: int, expires_at: datetime) -> str:
        """The token of a registration."""
        body = (
            registration_id.bytes + serial.to_bytes(4, "big") + int(expires_at.timestamp()).to_bytes(6, "big")
        )
        return base64.urlsafe_b64encode(body + self._mac(self._keys[0], body)).decode().rstrip("=")

    def read(self, token: str, now: datetime) -> StatusClaim | None:
        """What a token says, or None where it is not ours, was changed or has expired."""
        try:
            raw = base64.b64decode(
                token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
            )
        except ValueError:
            return None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        # One token has one spelling: the last character has bits to spare.
        if len(raw) != _LENGTH or base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
            return None
        if not any(hmac.compare_digest(mac, self._mac(key, body)) for key in self._keys):
            return None
        claim = StatusClaim(
            UUID(bytes=body[:16]), int.from_bytes(body[16:20], "big"), int.from_bytes(body[20:26], "big")
        )
        return claim if claim.expires > now.timestamp() else None

    @staticmethod
    def _mac(key: bytes, body: bytes) -> bytes:
        return hmac.digest(key, body, "sha256")[:_MAC_BYTES]


def status_path(token: str) -> str:
    """The path below the public address."""
    return f"/api/v1/registrations/status/{token}"
