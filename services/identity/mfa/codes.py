"""How one-time codes and recovery codes are made and compared. TOTP is RFC 6238: SHA-1, 6 digits, 30 seconds."""

import hashlib
import hmac
import io
import re
import secrets
from datetime import datetime

STEP_SECONDS = 30
# A code is taken one step early or late, since clocks differ.
WINDOW = 1
RECOVERY_CODES = 10
# Without those that are read for one another: 16 of these 32 are 80 bits.
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_LENGTH, _GROUP = 16, 4
_SEPARATORS = re.compile(r"[\s-]+")


def new_seed() -> str:
    """A new seed of 160 random bits, in base32."""
    import pyotp

    return pyotp.random_base32()


def otpauth_uri(seed: str, email: str, issuer: str) -> str:
    """What an authenticator app reads from the picture."""
    import pyotp

    return pyotp.TOTP(seed).provisioning_uri(name=email, issuer_name=issuer)


def picture_of(uri: str) -> str:
    """The QR code of a text as SVG."""
    import segno

    written = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(written, kind="svg", scale=4, xmldecl=False)
    return written.getvalue().decode()


def is_one_time_code(code: str) -> bool:
    """Whether it has the form of a code of an authenticator app."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def matching_step(seed: str, code: str, now: datetime, last_step: int | None) -> int | None:
    """The step whose code this is, later than the last one taken; None where there is none.

    All steps in question are compared, whichever matches, so that the time taken tells nothing.
    """
    import pyotp

    totp = pyotp.TOTP(seed)
    current = int(now.timestamp()) // STEP_SECONDS
    # As bytes, for texts are compared so in ASCII only.
    found, shown = None, code.encode("utf-8", "replace")
    for step in range(current - WINDOW, current + WINDOW + 1):
        matches = hmac.compare_digest(totp.at(step * STEP_SECONDS).encode(), shown)
        if matches and (last_step is None or step > last_step):
            found = step
    return found


def plain(otp: str) -> str:
    """A code as it is compared: people write spaces and hyphens between groups."""
    return _SEPARATORS.sub("", otp).lower()


def new_recovery_code() -> str:
    """A new recovery code, in groups that can be written down."""
    letters = [secrets.choice(_ALPHABET) for _ in range(_LENGTH)]
    return "-".join("".join(letters[n : n + _GROUP]) for n in range(0, _LENGTH, _GROUP))


def recovery_hash(code: str) -> bytes:
    """What is kept of a recovery code. It is random and long, so a plain hash cannot be guessed back."""
    return hashlib.sha256(plain(code).encode()).digest()
