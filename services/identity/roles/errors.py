"""The problems of roles."""

from libs.common.errors import Conflict, ValidationFailed


class SystemRoleFixed(Conflict):
    """Roles of the platform cannot be changed or removed; make one of your own."""

    slug = "system-role"
    title = "A role of the platform"


class RoleInUse(Conflict):
    """Members still hold the role; take it from them first."""

    slug = "role-in-use"
    title = "The role is in use"


class UnknownRole(ValidationFailed):
    """A role named does not exist here, or cannot be given here; `roles` lists them."""

    slug = "unknown-role"
    title = "No such role"


class UnknownPermission(ValidationFailed):
    """Nothing asks for a permission named; `permissions` lists them, and GET /permissions those that there are."""

    slug = "unknown-permission"
    title = "No such permission"
