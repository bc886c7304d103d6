"""The problems of chat."""

from libs.common.errors import PermissionDenied


class NotTheAuthor(PermissionDenied):
    """A message is changed and removed by its author only."""

    slug = "not-the-author"
    title = "Somebody else wrote this"
