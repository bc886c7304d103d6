"""The problems of members."""

from libs.common.errors import AppError, Conflict


class AlreadyMember(Conflict):
    """The person belongs to the business already."""

    slug = "already-member"
    title = "A member already"


class LastOwner(Conflict):
    """A business needs an owner, and the platform a superadministrator (`role`); make somebody else one first."""

    slug = "last-owner"
    title = "The last owner"


class ManagedElsewhere(AppError):
    """The account is managed by the person's own business; only the roles held here can be changed."""

    status = 403
    slug = "managed-elsewhere"
    title = "Managed by another business"
