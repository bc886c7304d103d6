"""Access tokens: is this JWT one that identity signed, for us, and still valid? (RFC 8725 in short.)"""

import base64
import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from jose import jws
from jose.exceptions import JOSEError

from gateway.keys import ALGORITHM, SigningKeys
from gateway.settings import GatewaySettings
from libs.common.clock import Clock
from libs.common.errors import Unauthenticated

MAX_TOKEN_CHARS = 8_192
# No time of ours is beyond the year 9999; NaN and Infinity compare with nothing, so they are none either.
_FOREVER = 253_402_300_800
# Headers that would let the token say how it wants to be checked.
_FORBIDDEN_HEADERS = frozenset({"jku", "x5u", "x5c", "jwk", "crit", "zip", "b64"})
_TYPES = frozenset({"jwt", "at+jwt"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a valid token says: who, in which session, until when (Unix seconds); and which key has signed it.

    From `known_from` to `known_until` it counts without another look at its signature, while its key stands.
    """

    user_id: UUID
    session_id: UUID | None
    expires: float
    key_id: str
    known_from: float
    known_until: float

    def is_known(self, now: float) -> bool:
        """Whether it counts without another look; a clock that was set back knows nothing of it."""
        return self.known_from <= now < self.known_until


def looks_like_jwt(token: str) -> bool:
    """Whether a bearer token is a JWT in compact form; anything else is opaque and identity's to judge."""
    return token.startswith("ey") and token.count(".") == 2


class TokenVerifier:
    """Checks signatures once; a verified token is remembered by its hash, for a short while and as long as its key stands."""

    def __init__(self, settings: GatewaySettings, keys: SigningKeys, clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._verified: OrderedDict[bytes, AccessToken] = OrderedDict()

    def forget_keys(self) -> None:
        """Let no token pass before identity has said again which keys there are."""
        self._keys.forget()

    async def verify(self, token: str, *, keys_seconds: float) -> AccessToken:
        """The content of a token, signed with a key that identity still knew so many seconds ago at most.

        Raises:
            Unauthenticated: it is not ours, was changed, is not valid yet or not any more.
            Unavailable: the signing keys cannot be had.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise Unauthenticated("The access token is too long.")
        digest = hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
        now = self._clock.now().timestamp()
        known = self._verified.get(digest)
        if (
            known is not None
            and known.is_known(now)
            and await self._keys.get(known.key_id, seconds=keys_seconds)
        ):
            return known
        content = await self._verify(token, now, keys_seconds)
        self._verified[digest] = content
        self._verified.move_to_end(digest)
        while len(self._verified) > self._settings.token_cache_size:
            self._verified.popitem(last=False)
        return content

    def key_stands(self, token: AccessToken, now: float, *, keys_seconds: float) -> bool:
        """Whether the key of a token stands, as far as is known without asking anybody."""
        return self._keys.has(token.key_id, now, seconds=keys_seconds)

    async def _verify(self, token: str, now: float, keys_seconds: float) -> AccessToken:
        invalid = Unauthenticated("The access token is not valid.")
        try:
            header = _object(_decoded(token.split(".")))
        except ValueError:
            raise invalid from None
        key_id = header.get("kid")
        if (
            header.get("alg") != ALGORITHM
            or not isinstance(key_id, str)
            or len(key_id) > 128
            or not _FORBIDDEN_HEADERS.isdisjoint(header)
            or str(header.get("typ", "JWT")).lower() not in _TYPES
        ):
            raise invalid
        key = await self._keys.get(key_id, seconds=keys_seconds)
        if key is None:
            raise invalid
        try:
            claims = _object(jws.verify(token, key, ALGORITHM))
        except (JOSEError, ValueError):
            raise invalid from None
        return self._read(claims, key_id, now)

    def _read(self, claims: dict[str, Any], key_id: str, now: float) -> AccessToken:
        settings = self._settings
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != settings.token_issuer or settings.token_audience not in audiences:
            raise Unauthenticated("The access token was not made for this platform.")
        expires, begins = _seconds(claims.get("exp")), _seconds(claims.get("nbf", 0))
        if expires is None or begins is None:
            raise Unauthenticated("The access token is not valid.")
        if now > expires + settings.clock_skew_seconds:
            raise Unauthenticated(
                "The access token has expired; get a new one with POST /api/v1/auth/refresh."
            )
        issued = _seconds(claims.get("iat", 0))
        if issued is None or now < issued - settings.clock_skew_seconds:
            raise Unauthenticated("The access token is not valid yet.")
        if now < begins - settings.clock_skew_seconds:
            raise Unauthenticated("The access token is not valid yet.")
        try:
            session = claims.get("sid")
            known_until = min(expires + settings.clock_skew_seconds, now + settings.token_cache_seconds)
            return AccessToken(
                UUID(claims["sub"]), UUID(session) if session else None, expires, key_id, now, known_until
            )
        except (KeyError, ValueError, TypeError, AttributeError):
            raise Unauthenticated("The access token is not valid.") from None


def _decoded(parts: list[str]) -> bytes:
    """The header of a token in its one canonical spelling: decoders read over what is no base64url, we do not."""
    decoded = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts]
    if [base64.urlsafe_b64encode(raw).rstrip(b"=").decode() for raw in decoded] != parts:
        raise ValueError("not canonical base64url")
    return decoded[0]


def _object(raw: bytes) -> dict[str, Any]:
    """A JSON object that names nothing twice, since readers differ in which one they take (RFC 8725, section 2.4)."""
    try:
        found = json.loads(raw, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _seconds(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < _FOREVER:
        return None
    return float(value)
