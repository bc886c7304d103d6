"""The problems of domains."""

from libs.common.errors import Conflict


class DomainNotVerified(Conflict):
    """Neither the DNS nor the site of the host name shows the token yet; `verification` says what is looked for."""

    slug = "domain-not-verified"
    title = "Not verified yet"
