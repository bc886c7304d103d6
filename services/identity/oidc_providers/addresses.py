"""Where a provider describes itself (OpenID Connect Discovery 1.0, section 4)."""

from libs.common.runtime.context import ServiceContext
from services.identity.oidc_providers.models import WELL_KNOWN, ProviderKind

GOOGLE_ISSUER = "https://accounts.google.com"
MICROSOFT = "https://login.microsoftonline.com"


def discovery_url(kind: str, given: str | None, directory: str) -> str | None:
    """The address, from the one given (of the document or of the issuer) or from what the kind says; None for none."""
    if kind == ProviderKind.GOOGLE:
        return GOOGLE_ISSUER + WELL_KNOWN
    if kind == ProviderKind.MICROSOFT:
        return f"{MICROSOFT}/{directory}/v2.0{WELL_KNOWN}"
    if given is None:
        return None
    return given if given.endswith(WELL_KNOWN) else given.rstrip("/") + WELL_KNOWN


def may_be_within(context: ServiceContext) -> bool:
    """Whether a provider that somebody adds may be inside of our own network, such as one in software on this machine."""
    told: bool | None = context.settings.oidc_private_addresses
    return context.common.environment == "development" if told is None else told
