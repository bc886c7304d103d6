"""All SQL of passkeys; used in the platform scope only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.exc import IntegrityError

from libs.common.db.repository import Repository
from services.identity.passkeys.errors import PasskeyKnown
from services.identity.passkeys.models import Ceremony, Passkey, PasskeyChallenge


class PasskeyRepository(Repository[Passkey]):
    """Passkeys; lists show the caller's own."""

    model = Passkey

    def visible(self) -> list[ColumnElement[bool]]:
        """The caller's own."""
        return [Passkey.user_id == self.uow.actor.user_id]

    async def of(self, user_id: UUID, rp_id: str) -> list[Passkey]:
        """The passkeys of a person at a relying party."""
        return await self.find_all(Passkey.user_id == user_id, Passkey.rp_id == rp_id)

    async def count(self, user_id: UUID) -> int:
        """How many a person has."""
        statement = select(func.count()).where(Passkey.user_id == user_id)
        return int(await self.session.scalar(statement) or 0)

    async def by_credential(self, credential_id: bytes, *, lock: bool = False) -> Passkey | None:
        """The passkey that a device calls by this id."""
        return await self.find(Passkey.credential_id == credential_id, lock=lock)

    async def add(self, row: Passkey) -> Passkey:
        """Insert a passkey.

        Raises:
            PasskeyKnown: there is one of this id, perhaps somebody else's.
        """
        row.created_at = row.updated_at = self.uow.now
        try:
            async with self.session.begin_nested():
                self.session.add(row)
                await self.session.flush()
        except IntegrityError as error:
            if "uq_passkeys_credential_id" in str(error.orig):
                raise PasskeyKnown from None
            raise
        return row


class ChallengeRepository(Repository[PasskeyChallenge]):
    """Challenges that wait for an answer."""

    model = PasskeyChallenge

    async def add(self, row: PasskeyChallenge) -> PasskeyChallenge:
        """Insert a challenge."""
        self.session.add(row)
        await self.session.flush()
        return row

    async def take(self, challenge_hash: bytes, ceremony: Ceremony) -> PasskeyChallenge | None:
        """Remove a challenge of a ceremony and return it; of several at once, one gets it."""
        statement = (
            delete(PasskeyChallenge)
            .where(PasskeyChallenge.challenge_hash == challenge_hash, PasskeyChallenge.ceremony == ceremony)
            .returning(PasskeyChallenge)
            .execution_options(synchronize_session=False)
        )
        found = (await self.session.execute(statement)).scalar_one_or_none()
        return found if found is not None and found.expires_at > self.uow.now else None

    async def remove_expired(self, before: datetime, limit: int) -> None:
        """Forget a batch of challenges that nobody answered."""
        batch = (
            select(PasskeyChallenge.challenge_hash)
            .where(PasskeyChallenge.expires_at < before)
            .order_by(PasskeyChallenge.expires_at)
            .limit(limit)
        )
        await self.session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.challenge_hash.in_(batch)))
