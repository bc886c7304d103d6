"""What a policy means for a person and a session. A policy is a mapping as it is stored, or None."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from libs.common.errors import AddressNotAllowed, SecondFactorRequired, SignInMethodNotAllowed
from services.identity.roles.catalogue import CLIENT, OWNER, SUPERADMIN
from services.identity.sign_in_policies.errors import EmailDomainNotAllowed
from services.identity.sign_in_policies.schemas import Method

Policy = Mapping[str, Any] | None
# What session notes of the first factor, and which way of signing in that was. Anything else is a passkey's.
_METHODS = {"pwd": Method.PASSWORD, "email": Method.MAGIC_LINK, "fed": Method.OIDC}


def asks_for_second_factor(policy: Policy, now: datetime) -> bool:
    """Whether a second factor is required by now."""
    if not policy or not policy.get("second_factor_required"):
        return False
    begins = policy.get("second_factor_required_from")
    return begins is None or datetime.fromisoformat(begins) <= now


def lacking(policy: Policy, amr: Sequence[str] | None, now: datetime) -> str | None:
    """The slug of the problem that keeps a sign-in from opening anything in the business; None where nothing does."""
    if not policy:
        return None
    # Of a session of release 0.1.0 nothing is noted, and there was the password only.
    shown = amr or ("pwd",)
    allowed = policy.get("allowed_methods")
    if allowed is not None and _METHODS.get(shown[0], Method.PASSKEY) not in allowed:
        return SignInMethodNotAllowed.slug
    if "mfa" not in shown and asks_for_second_factor(policy, now):
        return SecondFactorRequired.slug
    return None


def outside(policy: Policy, email: str, roles: Collection[str]) -> str | None:
    """The slug of the problem that keeps a member with an address of another domain from opening anything.

    Who says what is allowed is not asked, so that nobody locks himself out; nor is who is no member: staff let in.
    """
    if not roles or {OWNER, SUPERADMIN} & set(roles) or _is_of_allowed_domain(policy, email):
        return None
    return AddressNotAllowed.slug


def check_domain(policy: Policy, email: str, roles: Collection[str]) -> None:
    """Let somebody become a member in these roles; clients have whatever address they have.

    Raises:
        EmailDomainNotAllowed: the address is of another domain than the business takes.
    """
    if set(roles) <= {CLIENT} or _is_of_allowed_domain(policy, email):
        return
    allowed = policy["allowed_email_domains"] if policy else []
    problem = {"loc": ["body", "email"], "msg": "is of a domain that is not allowed", "type": "domain"}
    raise EmailDomainNotAllowed(
        f"Members need an address of {', '.join(allowed)}.", errors=[problem], allowed=list(allowed)
    )


def _is_of_allowed_domain(policy: Policy, email: str) -> bool:
    allowed = policy.get("allowed_email_domains") if policy else None
    return allowed is None or email.rpartition("@")[2].lower() in allowed
