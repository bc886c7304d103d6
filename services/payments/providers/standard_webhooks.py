"""Standard Webhooks 1.0.0, symmetric signatures: signing and checking over raw bytes.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime

from services.payments.providers.base import InvalidSignature

TOLERANCE_SECONDS = 300
_PREFIX = "whsec_"


def new_secret() -> str:
    """A signing secret of 32 random bytes, as it is shown: `whsec_<base64>`."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The key bytes in a secret; a missing base64 padding is tolerated.

    Raises:
        ValueError: it is not base64.
    """
    encoded = secret.removeprefix(_PREFIX)
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature `v1,<base64>` of a message; `timestamp` is the Unix second of this attempt."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode()


def signed_headers(secret: str, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers of one attempt."""
    timestamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(secret, message_id, timestamp, body),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """Check the headers of a message and return its id. Header names are lower-case.

    Raises:
        InvalidSignature: a header is missing, the time is out of tolerance, or no signature matches.
    """
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not message_id or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise InvalidSignature("The webhook-id or webhook-timestamp header is missing or malformed.")
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature("The webhook is too old, or of the future.")
    try:
        expected = sign(secret, message_id, int(stamp), body).encode()
    except binascii.Error:
        raise InvalidSignature("The account has no usable webhook secret.") from None
    offered = headers.get("webhook-signature", "").split(" ")[:20]
    matches = [hmac.compare_digest(expected, candidate.encode("utf-8", "replace")) for candidate in offered]
    if not any(matches):
        raise InvalidSignature("No signature matches.")
    return message_id
