"""The problems of passkeys."""

from libs.common.errors import AppError, Conflict, Unauthenticated


class PasskeyRefused(Unauthenticated):
    """The passkey does not open this: it is unknown, another site's, its answer does not hold, or the account is off.

    Which of these is not said. Ask for new options before the next try, for a challenge is answered once.
    """

    slug = "passkey-refused"
    title = "The passkey was refused"

    def __init__(self) -> None:
        super().__init__("This passkey does not sign in here.")


class PasskeyNotRegistered(AppError):
    """The answer of the device does not hold: other site, other challenge, nobody verified, or a form that is unknown."""

    status = 422
    slug = "passkey-not-registered"
    title = "The passkey was not registered"


class ChallengeExpired(AppError):
    """The challenge is unknown, was answered before, or is older than five minutes; ask for new options."""

    status = 400
    slug = "challenge-expired"
    title = "Begin again"

    def __init__(self) -> None:
        super().__init__("This challenge is unknown, used or too old; ask for new options.")


class PasskeyKnown(Conflict):
    """This passkey is registered already."""

    slug = "passkey-known"
    title = "Registered already"

    def __init__(self) -> None:
        super().__init__("This passkey is registered already.")


class TooManyPasskeys(Conflict):
    """A person has 20 passkeys at most; remove one first."""

    slug = "too-many-passkeys"
    title = "Too many passkeys"

    def __init__(self, most: int) -> None:
        super().__init__(f"There are {most} passkeys already; remove one first.", limit=most)
