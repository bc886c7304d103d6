"""Access tokens: short-lived JWTs (RFC 9068 in short) that name a person and a session."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from jose import jwk, jws
from jose.backends.base import Key

from libs.common.ids import new_id
from libs.common.runtime.context import ServiceContext
from services.identity.signing_keys.service import ALGORITHM, PURPOSE, SigningKeyService


class TokenIssuer:
    """Signs access tokens. Which key signs is asked each time, since one that was withdrawn must not; it is loaded once."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._key: tuple[UUID, Key] | None = None

    @classmethod
    def of(cls, context: ServiceContext) -> "TokenIssuer":
        """The one of this process."""
        if "token_issuer" not in context.resources:
            context.resources["token_issuer"] = cls(context)
        found: TokenIssuer = context.resources["token_issuer"]
        return found

    async def issue(
        self,
        user_id: UUID,
        session_id: UUID,
        *,
        acting_user_id: UUID | None = None,
        seconds: int | None = None,
        amr: Sequence[str] | None = None,
        authenticated_at: datetime | None = None,
    ) -> str:
        """A token for a session, valid for `access_seconds` unless said otherwise.

        Where somebody acts as the user, the claim `act` names him (RFC 8693, section 4.1), for a banner. `amr` (RFC
        8176) and `auth_time` say how and when the person showed who he is.
        """
        settings = self._context.settings
        now = self._context.clock.now().timestamp()
        key_id, key = await self._current()
        claims: dict[str, Any] = {
            "iss": settings.token_issuer,
            "aud": settings.token_audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": int(now),
            "exp": int(now) + (seconds or settings.access_seconds),
            "jti": str(new_id()),
        }
        if acting_user_id is not None:
            claims["act"] = {"sub": str(acting_user_id)}
        if amr:
            claims["amr"] = list(amr)
        if authenticated_at is not None:
            claims["auth_time"] = int(authenticated_at.timestamp())
        # The type says what it is for, so that no other token can be taken for it (RFC 8725, section 3.11).
        headers = {"kid": str(key_id), "typ": "at+jwt"}
        return jws.sign(claims, key, headers=headers, algorithm=ALGORITHM)

    async def _current(self) -> tuple[UUID, Key]:
        async with self._context.unit_of_work(platform=True) as uow:
            row = await SigningKeyService(uow).signing()
        if self._key is None or self._key[0] != row.id:
            pem = self._context.keyring.decrypt(row.private_pem, purpose=PURPOSE)
            self._key = (row.id, jwk.construct(pem, ALGORITHM))
        return self._key
