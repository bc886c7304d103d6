"""The problems of signing in with outside accounts."""

from typing import Any

from libs.common.errors import AppError, Conflict, PermissionDenied, Unauthenticated, ValidationFailed


class FlowExpired(AppError):
    """The sign-in was not begun in this browser, was completed before, or is older than ten minutes; begin again."""

    status = 400
    slug = "sign-in-expired"
    title = "Begin again"

    def __init__(self) -> None:
        super().__init__(
            "This sign-in was not begun in this browser, is complete, or is too old; begin again."
        )


class CodeExpired(Unauthenticated):
    """The code is unknown, was traded before, or is older than five minutes; sign in again."""

    slug = "code-expired"
    title = "Sign in again"

    def __init__(self) -> None:
        super().__init__("This code is unknown, used or too old; sign in again.")


class ProviderUnavailable(AppError):
    """The provider of the outside account does not answer; try again shortly, or sign in another way."""

    status = 503
    slug = "identity-provider-unavailable"
    title = "The provider does not answer"

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": "5"}, **extra)


class ProviderRefused(AppError):
    """The provider refused the sign-in, or its answer cannot be used; `detail` says which."""

    status = 502
    slug = "identity-provider-refused"
    title = "The provider refused"


class ConsentRefused(Unauthenticated):
    """The person broke the sign-in off at the provider, or may not use it; `error` is the provider's word for it."""

    slug = "sign-in-broken-off"
    title = "Broken off at the provider"

    def __init__(self, error: str) -> None:
        super().__init__("The sign-in was broken off at the provider.", error=error)


class TokenRefused(Unauthenticated):
    """What the provider says of the person does not hold: not signed by it, not for us, not of this sign-in, or too old."""

    slug = "id-token-refused"
    title = "The provider's word does not hold"


class AccountOff(Unauthenticated):
    """The account is switched off."""

    slug = "account-off"
    title = "The account is switched off"

    def __init__(self) -> None:
        super().__init__("This account is switched off.")


class NoAccount(PermissionDenied):
    """Nobody here has this outside account, and no shop was named that somebody new could join.

    Begin at the shop's own host name or with `company_id`, register a business, or sign in and link the account.
    """

    slug = "no-account"
    title = "Nobody has this account"

    def __init__(self) -> None:
        super().__init__("Nobody here has this account. Join a shop, or sign in and link it.")


class AccountExists(Conflict):
    """There is an account with this e-mail address, and the provider's word for the address is not enough to open it.

    Sign in another way, and link the outside account.
    """

    slug = "account-exists"
    title = "Sign in and link"

    def __init__(self) -> None:
        super().__init__("There is an account with this e-mail address; sign in to it and link this one.")


class EmailMissing(AppError):
    """The provider told no e-mail address, without which nobody new can join."""

    status = 422
    slug = "email-missing"
    title = "No e-mail address"

    def __init__(self) -> None:
        super().__init__("The provider told no e-mail address.")


class LinkedElsewhere(Conflict):
    """The outside account is another person's here."""

    slug = "linked-elsewhere"
    title = "Another person's"

    def __init__(self) -> None:
        super().__init__("This outside account is linked to another person.")


class LinkAtPlatform(Conflict):
    """The platform's providers send browsers back to the platform's address, named in `url`; begin to link there."""

    slug = "link-at-platform"
    title = "Link at the platform's address"

    def __init__(self, url: str) -> None:
        super().__init__("Accounts of this provider are linked at the platform's own address.", url=url)


class TooManyLinks(Conflict):
    """A person has 20 linked accounts at most; unlink one first."""

    slug = "too-many-links"
    title = "Too many linked accounts"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} linked accounts already; unlink one first.", limit=most)


class LastWayIn(Conflict):
    """Without it the person could not sign in any more; set a password, add a passkey or link an account first."""

    slug = "last-way-in"
    title = "The last way in"

    def __init__(self) -> None:
        super().__init__("There would be no way in any more; add another one first.")


class ReturnNotAllowed(ValidationFailed):
    """`return_to` leads to a place that is not ours: it must be at the platform's address, a shop's host, or an origin that was set."""

    slug = "return-not-allowed"
    title = "Not a place to return to"

    def __init__(self) -> None:
        problem = {"loc": ["query", "return_to"], "msg": "is at no origin that is allowed", "type": "origin"}
        super().__init__("The place to return to is not one of ours.", errors=[problem])
