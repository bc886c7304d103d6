"""Making, rotating, publishing and withdrawing signing keys."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jose import jwk

from libs.common.actor import OPERATOR_TENANT_ID
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import NotFound
from libs.common.ids import new_id
from libs.contracts.audit import change_recorded
from libs.contracts.identity import AccessChanged
from services.identity.signing_keys.models import SigningKey
from services.identity.signing_keys.repository import SigningKeyRepository

ALGORITHM = "RS256"
PURPOSE = "signing_keys.private_pem"
# A process that has not seen the rotation yet may sign with the old key for a while.
_OVERLAP = timedelta(hours=1)
# What the key set may be remembered for. A new key is shown for so long before it signs, so that whoever checks tokens
# knows it by then; it must never be looked up in a hurry, for that is bounded where ids may be forged.
PUBLISHED_SECONDS = 300
_LEAD = timedelta(seconds=PUBLISHED_SECONDS)


class SigningKeyService:
    """The platform's signing keys, in a unit of work of the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SigningKeyRepository(uow)

    async def ensure(self) -> SigningKey:
        """The current key, made if there is none."""
        found = await self.rows.current()
        if found is None:
            await self.rows.lock()
            found = await self.rows.current() or await self._make()
        return found

    async def signing(self) -> SigningKey:
        """The key that signs now: the newest that has been shown for long enough, else the oldest that is still to sign.

        A retired key signs on for only as long as the one after it is shown first.
        """
        known = await self.rows.verifying(self.uow.now - _LEAD) or [await self.ensure()]
        shown = [key for key in known if key.created_at + _LEAD <= self.uow.now]
        return shown[0] if shown else known[-1]

    async def standing(self) -> list[SigningKey]:
        """The keys whose signatures are taken, newest first."""
        return await self.rows.verifying(self._oldest())

    async def rotate(self) -> SigningKey:
        """Show a new key, which signs a few minutes later; the old one stays shown until its last token has expired."""
        await self.rows.lock()
        old = await self.rows.current()
        if old is not None:
            old.retired_at = self.uow.now
            await self.uow.session.flush()
        new = await self._make()
        await self.rows.remove_retired(self._oldest())
        return new

    async def withdraw(self, key_id: UUID) -> None:
        """Take away a key that others may know: nothing that it signed is taken any more, and another one signs at once.

        Sessions go on, for refresh tokens are not signed; only who acts as another begins again.

        Raises:
            NotFound: there is no such key, or no more.
        """
        await self.rows.lock()
        row = await self.rows.get(key_id)
        if row is None:
            raise NotFound("There is no such signing key.", resource="signing_key")
        await self.rows.remove(row)
        await self.ensure()
        # Gateways, which remember keys, look again.
        self.uow.emit(AccessChanged.of(), tenant_id=OPERATOR_TENANT_ID)
        event = change_recorded("identity", "withdrawn", "signing_key", key_id, None, None)
        self.uow.emit(event, tenant_id=OPERATOR_TENANT_ID)

    async def rotate_when_due(self) -> bool:
        """Rotate if the current key has signed for long enough; say whether that was so."""
        key = await self.ensure()
        life = timedelta(seconds=self.uow.context.settings.signing_key_seconds)
        if key.created_at + life > self.uow.now:
            return False
        await self.rotate()
        return True

    async def published(self) -> dict[str, Any]:
        """The JWK set (RFC 7517): the public parts only."""
        return {"keys": [key.public_jwk for key in await self.standing()]}

    def _oldest(self) -> datetime:
        return self.uow.now - timedelta(seconds=self.uow.context.settings.access_seconds) - _OVERLAP

    async def _make(self) -> SigningKey:
        key_id = new_id()
        # Finding primes takes a moment.
        pair = await asyncio.to_thread(rsa.generate_private_key, public_exponent=65537, key_size=2048)
        pem = pair.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = jwk.construct(pem, ALGORITHM).public_key().to_dict()
        row = SigningKey(
            id=key_id,
            public_jwk={
                "kty": "RSA",
                "use": "sig",
                "alg": ALGORITHM,
                "kid": str(key_id),
                "n": _text(public["n"]),
                "e": _text(public["e"]),
            },
            private_pem=self.uow.context.keyring.encrypt(pem, purpose=PURPOSE),
            created_at=self.uow.now,
        )
        await self.rows.add(row)
        return row


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
