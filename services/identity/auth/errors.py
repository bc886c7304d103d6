"""The problems of signing in and of one's own account."""

from libs.common.errors import AppError, Conflict, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """The name or the password is wrong. Which of the two is not said."""

    slug = "invalid-credentials"
    title = "Wrong name or password"

    def __init__(self) -> None:
        super().__init__("The name or the password is wrong.")


class RefreshInvalid(Unauthenticated):
    """The refresh token is unknown, has expired, or its session has ended; sign in again."""

    slug = "refresh-invalid"
    title = "Sign in again"

    def __init__(self) -> None:
        super().__init__("The refresh token is not valid; sign in again.")


class RefreshReused(Unauthenticated):
    """The refresh token was used before, so it may have been stolen: its whole session has ended. Sign in again."""

    slug = "refresh-reused"
    title = "Refresh token used twice"

    def __init__(self) -> None:
        super().__init__("This refresh token was used before; its session has ended. Sign in again.")


class WrongPassword(AppError):
    """The current password that came with the change is wrong."""

    status = 422
    slug = "wrong-password"
    title = "Wrong password"


class ActingAsAnother(AppError):
    """Who acts as another person has no power over that person's account; end it first with POST /auth/logout."""

    status = 403
    slug = "acting-as-another"
    title = "Acting as another"

    def __init__(self) -> None:
        super().__init__("This is for the person alone, not for who acts as one.")


class EmailTaken(Conflict):
    """There is an account with this e-mail address already."""

    slug = "email-taken"
    title = "E-mail address taken"

    def __init__(self) -> None:
        super().__init__("There is an account with this e-mail address; sign in instead.")
