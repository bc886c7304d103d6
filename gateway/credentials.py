"""Which credential a request carries, before anyone judged it."""

import hashlib
from dataclasses import dataclass

from gateway.tokens import MAX_TOKEN_CHARS, looks_like_jwt
from libs.common.errors import BadRequest, Unauthenticated


@dataclass(frozen=True, slots=True)
class Credential:
    """A token as it came: a JWT to verify here, or an opaque one that identity looks up."""

    token: str
    is_jwt: bool

    @property
    def fingerprint(self) -> str:
        """Stands for the token in cache keys, so that no secret stays in memory for longer than its request."""
        return hashlib.sha256(self.token.encode("utf-8", "surrogateescape")).hexdigest()


def read_credential(headers: dict[bytes, bytes]) -> Credential | None:
    """The credential in the headers, None for a guest.

    Raises:
        Unauthenticated: there is one, in a form that nobody here understands.
        BadRequest: there are two.
    """
    authorization = headers.get(b"authorization")
    api_key = headers.get(b"x-api-key")
    if authorization is None and api_key is None:
        return None
    if authorization is not None and api_key is not None:
        raise BadRequest("Send either Authorization or X-API-Key.")
    if authorization is not None:
        scheme, _, token = authorization.decode("latin-1").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send the credential as Authorization: Bearer <token>.")
    else:
        assert api_key is not None
        token = api_key.decode("latin-1").strip()
        if not token:
            raise Unauthenticated("X-API-Key is empty.")
    if len(token) > MAX_TOKEN_CHARS or not token.isascii() or not token.isprintable():
        raise Unauthenticated("The credential is not valid.")
    return Credential(token, is_jwt=authorization is not None and looks_like_jwt(token))
