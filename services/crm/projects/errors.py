"""The problems of projects."""

from libs.common.errors import ValidationFailed


class DueBeforeStart(ValidationFailed):
    """A project is due no earlier than it starts."""

    slug = "due-before-start"
    title = "Due before the start"
