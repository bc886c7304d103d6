"""The problems of messages."""

from libs.common.errors import Conflict


class Unreachable(Conflict):
    """The person cannot be reached this way: no address, no device, or not a member."""

    slug = "recipient-unreachable"
    title = "The recipient cannot be reached"


class NoText(Conflict):
    """The notification type has no text for this channel."""

    slug = "no-text"
    title = "No text for this channel"
