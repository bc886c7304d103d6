"""The problems of providers of outside accounts."""

from libs.common.errors import Conflict


class ProviderFixed(Conflict):
    """Code and kind of a provider cannot change; add another one."""

    slug = "provider-fixed"
    title = "Code and kind stay"


class TooManyProviders(Conflict):
    """A business has 50 providers at most; remove one first."""

    slug = "too-many-providers"
    title = "Too many providers"
