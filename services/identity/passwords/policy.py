"""Which passwords are good enough (NIST SP 800-63B: length, and not among the well-known ones)."""

import re

from libs.common.errors import ValidationFailed
from services.identity.passwords.known import is_known
from services.identity.settings import IdentitySettings

MAX_LENGTH = 256
# What people put around a word to make a password of it: so many characters make none.
_DECORATION = 4
_AROUND = re.compile(r"^[\W\d_]*|[\W\d_]*$")
_SPELT = str.maketrans("@4301!$5", "aaeoiiss")


class WeakPassword(ValidationFailed):
    """The password is too short, too well known (also with some digits around it), or the e-mail address itself."""

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
    forms = _forms(password.lower())
    if not forms.isdisjoint((email, email.partition("@")[0])):
        return "must not be the e-mail address"
    if len(set(password.lower())) == 1 or any(is_known(form) for form in forms):
        return "is one of the most used ones"
    return None


def _forms(lowered: str) -> set[str]:
    """A password as it is, with letters for what looks like them, and without a little around it."""
    core = _AROUND.sub("", lowered)
    if len(lowered) - len(core) > _DECORATION:
        core = lowered
    return {form for word in (lowered, core) for form in (word, word.translate(_SPELT)) if form}
