"""Which passwords are good enough (NIST SP 800-63B: length, and not among the well-known ones)."""

from libs.common.errors import ValidationFailed
from services.identity.passwords.known import is_known
from services.identity.settings import IdentitySettings

MAX_LENGTH = 256


class WeakPassword(ValidationFailed):
    """The password is too short, too well known, or the e-mail address itself."""

    slug = "weak-password"
    title = "The password is too weak"


def check_password(password: str, email: str, settings: IdentitySettings, *, field: str = "password") -> None:
    """Let a new password pass.

    Raises:
        WeakPassword: it is not good enough; `errors` says why, at the field named.
    """
    reason = _weakness(password, email.lower(), settings.password_min_length)
    if reason:
        problem = {"loc": ["body", field], "msg": reason, "type": "weak_password"}
        raise WeakPassword(f"The password {reason}.", errors=[problem])


def _weakness(password: str, email: str, min_length: int) -> str | None:
    if len(password) < min_length:
        return f"must have at least {min_length} characters"
    if len(password) > MAX_LENGTH:
        return f"must have at most {MAX_LENGTH} characters"
    lowered = password.lower()
    if lowered in (email, email.partition("@")[0]):
        return "must not be the e-mail address"
    if len(set(lowered)) == 1 or is_known(lowered):
        return "is one of the most used ones"
    return None
