"""The problems of second factors."""

from libs.common.errors import AppError, Conflict, Unauthenticated


class OtpRequired(Unauthenticated):
    """A second factor is due: send the same again with `otp`, a code of the authenticator app or a recovery code.

    Where the first factor cannot be sent again (sign-in with an outside account), `mfa_token` stands for it for five
    minutes: send it with the code to POST /auth/mfa/verify.
    """

    slug = "otp-required"
    title = "A second factor is due"

    def __init__(self, mfa_token: str | None = None) -> None:
        extra = {} if mfa_token is None else {"mfa_token": mfa_token}
        super().__init__("Send the code of your authenticator app, or a recovery code.", **extra)


class OtpInvalid(Unauthenticated):
    """The code of the second factor is wrong, or was used before. It counts as a failed sign-in."""

    slug = "otp-invalid"
    title = "Wrong code"

    def __init__(self) -> None:
        super().__init__("The code is wrong, or was used before.")


class MfaTokenInvalid(Unauthenticated):
    """The `mfa_token` is not ours or has expired; begin the sign-in anew."""

    slug = "mfa-token-invalid"
    title = "Sign in anew"

    def __init__(self) -> None:
        super().__init__("The sign-in has expired; begin anew.")


class WrongOtp(AppError):
    """The code that came with the change is wrong, or was used before."""

    status = 422
    slug = "wrong-otp"
    title = "Wrong code"

    def __init__(self) -> None:
        super().__init__("The code is wrong, or was used before.")


class CodeDue(AppError):
    """A second factor is set up, so the password alone does not show who one is; send `otp`, with it or alone."""

    status = 422
    slug = "code-due"
    title = "A code is due"

    def __init__(self) -> None:
        super().__init__("Send the code of your authenticator app, or a recovery code, as otp.")


class TotpEnabled(Conflict):
    """An authenticator app is set up already; remove it first."""

    slug = "totp-enabled"
    title = "Set up already"

    def __init__(self) -> None:
        super().__init__("An authenticator app is set up already; remove it first.")


class TotpNotEnabled(Conflict):
    """No authenticator app is set up, or it was not confirmed."""

    slug = "totp-not-enabled"
    title = "Not set up"

    def __init__(self) -> None:
        super().__init__("Set an authenticator app up first: POST /auth/mfa/totp.")
