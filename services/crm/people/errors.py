"""The problems of people."""

from libs.common.errors import ValidationFailed


class UnknownPerson(ValidationFailed):
    """The user named in `field` does not work for this business; `user_ids` lists those that are unknown."""

    slug = "unknown-person"
    title = "Unknown person"
