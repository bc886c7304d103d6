"""Is this ID token the provider's word, for us, about this sign-in? (OpenID Connect Core 1.0, section 3.1.3.7.)

Every claim is looked at here, by hand and anew each time: nothing that another sign-in left behind decides.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from libs.common.visible import is_visible
from services.identity.oidc.errors import TokenRefused
from services.identity.oidc.metadata import Metadata
from services.identity.oidc.provider import Provider
from services.identity.oidc_providers.addresses import GOOGLE_ISSUER
from services.identity.oidc_providers.models import ProviderKind

# How far a provider's clock may be from ours, and how old its word may be, in seconds.
LEEWAY = 60
_OLDEST = 3600
_MOST_CHARS = 16_384
_FORBIDDEN_HEADERS = frozenset({"jku", "x5u", "x5c", "jwk", "crit", "zip", "b64"})
_LEAST_RSA_CHARS = 340  # base64url of 2048 bits
_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OutsideAccount:
    """Whom a provider has signed in. `email` is None where it told none."""

    issuer: str
    subject: str
    email: str | None
    is_verified: bool
    first_name: str
    last_name: str
    locale: str | None


@dataclass(frozen=True, slots=True)
class TokenHeader:
    """What a token says of its signature."""

    algorithm: str
    key_id: str | None


def read_header(token: Any, metadata: Metadata) -> TokenHeader:
    """The header of a token, before its signature is checked.

    Raises:
        TokenRefused: it is no token, or signed in a way that is not taken.
    """
    if not isinstance(token, str) or len(token) > _MOST_CHARS or token.count(".") != 2:
        raise TokenRefused("The provider sent no ID token.")
    header = _object(token.partition(".")[0])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in metadata.algorithms:
        raise TokenRefused("The ID token is signed in a way that is not taken.")
    if not _FORBIDDEN_HEADERS.isdisjoint(header) or not isinstance(key_id, str | None):
        raise TokenRefused("The ID token wants to be checked in a way of its own.")
    return TokenHeader(algorithm, key_id)


def signed_claims(token: str, header: TokenHeader, keys: Iterable[Json]) -> Json | None:
    """The claims of a token that one of these keys has signed; None where none has."""
    from joserfc import jws
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    usable = [key for key in keys if _fits(key, header)]
    if not usable or (header.key_id is None and len(usable) > 1):
        return None
    try:
        signed = jws.deserialize_compact(token, import_key(usable[0]), algorithms=[header.algorithm])
        claims = json.loads(signed.payload)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def check_claims(
    claims: Json, *, provider: Provider, metadata: Metadata, nonce_hash: bytes, now: float
) -> None:
    """Let claims pass that are the provider's word, for us, about this sign-in, now.

    Raises:
        TokenRefused: they are not.
    """
    _check_issuer(claims, provider, metadata)
    _check_audience(claims, provider)
    _check_times(claims, now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        hashlib.sha256(nonce.encode("utf-8", "replace")).digest(), nonce_hash
    ):
        raise TokenRefused("The ID token is of another sign-in.")
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or not 1 <= len(subject) <= 255
        or not subject.isascii()
        or "\0" in subject
    ):
        raise TokenRefused("The ID token names nobody.")


def account_of(provider: Provider, claims: Json) -> OutsideAccount:
    """Whom the claims are about. An address counts as verified by the word `true` alone, and by who is believed."""
    first, last = _text(claims, "given_name", 100), _text(claims, "family_name", 100)
    if not first:
        first, _, rest = _text(claims, "name", 200).partition(" ")
        first, last = first[:100], last or rest[:100]
    email = _text(claims, "email", 320).lower()
    is_address = email.count("@") == 1 and not email.startswith("@") and not email.endswith("@")
    locale = _text(claims, "locale", 5)
    return OutsideAccount(
        issuer=claims["iss"] if claims["iss"] != "accounts.google.com" else GOOGLE_ISSUER,
        subject=claims["sub"],
        email=email if is_address and not any(c.isspace() for c in email) else None,
        is_verified=provider.is_believed and claims.get("email_verified") is True,
        first_name=first,
        last_name=last,
        locale=locale[:2].lower()
        if locale[:2].isascii() and locale[:2].isalpha() and len(locale) > 1
        else None,
    )


def _check_issuer(claims: Json, provider: Provider, metadata: Metadata) -> None:
    issuer, expected = claims.get("iss"), metadata.issuer
    if provider.kind is ProviderKind.MICROSOFT:
        directory = claims.get("tid")
        if not isinstance(directory, str) or not _is_uuid(directory):
            raise TokenRefused("The ID token names no directory.")
        if provider.directories and directory not in provider.directories:
            raise TokenRefused("People of this directory do not sign in here.")
        expected = expected.replace("{tenantid}", directory)
    if issuer == expected:
        return
    # Google's older tokens leave the scheme out.
    if provider.kind is ProviderKind.GOOGLE and issuer == "accounts.google.com":
        return
    raise TokenRefused("The ID token is another issuer's.")


def _check_audience(claims: Json, provider: Provider) -> None:
    audience, party = claims.get("aud"), claims.get("azp")
    audiences = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in audiences:
        raise TokenRefused("The ID token is for somebody else.")
    # With several audiences somebody else can show it; the one it was made for is named then.
    if (party is not None or len(audiences) > 1) and party != provider.client_id:
        raise TokenRefused("The ID token is for somebody else.")


def _check_times(claims: Json, now: float) -> None:
    expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None or ("nbf" in claims and begins is None):
        raise TokenRefused("The ID token has no time.")
    if now > expires + LEEWAY or now > issued + _OLDEST + LEEWAY:
        raise TokenRefused("The ID token is too old.")
    if now < issued - LEEWAY or (begins is not None and now < begins - LEEWAY):
        raise TokenRefused("The ID token is not good yet.")


def _fits(key: Json, header: TokenHeader) -> bool:
    """Whether a key may have made such a signature."""
    if header.key_id is not None and key.get("kid") != header.key_id:
        return False
    if key.get("kty") != _TYPES[header.algorithm[:2]] or key.get("use", "sig") != "sig":
        return False
    if key.get("kty") == "RSA" and len(str(key.get("n", ""))) < _LEAST_RSA_CHARS:
        return False
    return key.get("alg", header.algorithm) == header.algorithm and "d" not in key


def _object(part: str) -> Json:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise TokenRefused("The provider sent no ID token.") from None
    if not isinstance(found, dict):
        raise TokenRefused("The provider sent no ID token.")
    return found


_JOINERS = "\u200c\u200d"


def _text(claims: Json, name: str, most: int) -> str:
    found = claims.get(name)
    if not isinstance(found, str):
        return ""
    # One line (see `ONE_LINE`): breaks and spaces of any kind part words, and joiners belong to the scripts that use them.
    line = " ".join(found.split())
    printable = "".join(c for c in line if c.isprintable() or c in _JOINERS)
    text = printable.encode("utf-8", "replace").decode()[:most].strip()
    return text if is_visible(text) else ""


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and abs(value) < 1e12 else None


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
