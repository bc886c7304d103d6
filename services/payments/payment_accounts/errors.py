"""The problems of payment accounts."""

from libs.common.errors import Conflict


class AccountAlreadyActive(Conflict):
    """Another account of this provider and currency is in use; deactivate it first, or add this one inactive."""

    slug = "account-already-active"
    title = "Another account is in use"


class AccountFixed(Conflict):
    """Provider and currency of an account cannot change; add another account."""

    slug = "account-fixed"
    title = "Provider and currency stay"


class SandboxDisabled(Conflict):
    """Sandbox accounts take pretend money and are not available on this installation."""

    slug = "sandbox-disabled"
    title = "No sandbox here"
