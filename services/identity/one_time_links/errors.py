"""The problems of one-time links."""

from libs.common.errors import AppError


class LinkInvalid(AppError):
    """The token is not ours, was used, has expired, or another one took its place; ask for a new mail."""

    status = 400
    slug = "link-invalid"
    title = "The link is good no more"

    def __init__(self) -> None:
        super().__init__("The link was used, or has expired; ask for a new one.")
