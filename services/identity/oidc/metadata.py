"""What a provider says of itself, once it is checked (OpenID Connect Discovery 1.0, section 4.2)."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.identity.oidc.errors import ProviderRefused
from services.identity.oidc.provider import Provider
from services.identity.oidc_providers.addresses import MICROSOFT
from services.identity.oidc_providers.models import ProviderKind

_DIRECTORY = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# For several directories its document has a placeholder where tokens have the id of one.
_MICROSOFT_ISSUER = re.compile(rf"{re.escape(MICROSOFT)}/(\{{tenantid\}}|{_DIRECTORY})/v2\.0")
# Asymmetric ones only: with the others the client secret would be the key (RFC 8725, section 3.1).
ALGORITHMS = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"})


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where a provider's endpoints are, and what it can do."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    # Whether the client's secret goes into the body of the request for tokens rather than into a header.
    secret_in_body: bool
    # Whether each answer names the issuer (RFC 9207).
    names_issuer: bool


def read_metadata(provider: Provider, document: Any) -> Metadata:
    """The document of a provider.

    Raises:
        ProviderRefused: it is of another issuer, or lacks what is needed.
    """
    if not isinstance(document, dict):
        raise ProviderRefused("The provider's description cannot be read.")
    issuer = document.get("issuer")
    if not isinstance(issuer, str) or not _is_of(provider, issuer):
        raise ProviderRefused("The provider's description is of another issuer.")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    told = document.get("id_token_signing_alg_values_supported") or ["RS256"]
    algorithms = ALGORITHMS & {a for a in told if isinstance(a, str)}
    if not algorithms:
        raise ProviderRefused("The provider signs with nothing that can be checked.")
    userinfo = document.get("userinfo_endpoint")
    return Metadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(provider, document, "authorization_endpoint"),
        token_endpoint=_endpoint(provider, document, "token_endpoint"),
        jwks_uri=_endpoint(provider, document, "jwks_uri"),
        userinfo_endpoint=_endpoint(provider, document, "userinfo_endpoint") if userinfo else None,
        algorithms=algorithms,
        secret_in_body="client_secret_basic" not in methods and "client_secret_post" in methods,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _is_of(provider: Provider, issuer: str) -> bool:
    if provider.kind is ProviderKind.MICROSOFT and provider.discovery_url.startswith(f"{MICROSOFT}/"):
        return _MICROSOFT_ISSUER.fullmatch(issuer) is not None
    # A terminating slash is no part of the address of the document (section 4.1).
    return issuer.removesuffix("/") == provider.issuer


def _endpoint(provider: Provider, document: dict[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or len(url) > 2_000 or any(c.isspace() for c in url):
        raise ProviderRefused(f"The provider's description has no {name}.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ProviderRefused(f"The provider's description has no {name}.") from None
    # What is plain http is so by the word of whoever runs the platform.
    if (
        not parts.hostname
        or parts.fragment
        or parts.scheme not in ("https", urlsplit(provider.issuer).scheme)
    ):
        raise ProviderRefused(f"The provider's {name} is not at an address that can be used.")
    return url
