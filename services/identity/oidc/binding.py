"""What binds a sign-in with an outside account to one browser and one answer (RFC 9700)."""

import base64
import hashlib
import hmac

PATH = "/api/v1/auth/oidc"
PURPOSE = "oidc_flows.verifier"


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def cookie_name(state: str) -> str:
    """The name of the cookie of a sign-in: each has its own, so that two windows do not disturb each other."""
    return f"oidc_{hashlib.sha256(state.encode('utf-8', 'replace')).hexdigest()[:12]}"


def is_answered(challenge: str | None, verifier: str | None) -> bool:
    """Whether a verifier is that of a challenge; where there is no challenge, there is no verifier."""
    if challenge is None:
        return verifier is None
    return verifier is not None and hmac.compare_digest(challenge_of(verifier), challenge)


def hash_of(secret: str) -> bytes:
    """What is kept of a secret."""
    # 256 random bits, so a plain hash cannot be guessed back.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
