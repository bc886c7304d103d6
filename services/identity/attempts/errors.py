"""The problems of counting attempts."""

from libs.common.errors import AppError


class TooManyAttempts(AppError):
    """Too many sign-ins, or too many wrong passwords, for this account or from this address.

    Wait for `Retry-After` seconds.
    """

    status = 429
    slug = "too-many-attempts"
    title = "Too many attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "Too many attempts; try again later.",
            headers={"Retry-After": str(retry_after)},
            retry_after=retry_after,
        )
