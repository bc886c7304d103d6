"""The problems of reviewing."""

from libs.common.errors import Conflict, PermissionDenied


class AlreadyApproved(Conflict):
    """You, or the one with whose right you review, have approved this application already; somebody else must, too."""

    slug = "already-approved"
    title = "Approved by you already"


class OwnRegistration(PermissionDenied):
    """Nobody reviews an application of a business that he belongs to."""

    slug = "own-registration"
    title = "Your own application"
