"""All SQL of signing keys; used in the platform scope only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, delete, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db.direct import Direct, hydrated, read
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.signing_keys.models import SigningKey

# Makes one process at a time change keys.
_LOCK = text("SELECT pg_advisory_xact_lock(7152307)")

_VERIFYING = Direct(
    select(SigningKey.__table__)
    .where(
        or_(
            SigningKey.retired_at.is_(None),
            SigningKey.retired_at > bindparam("retired_after", type_=DateTime(timezone=True)),
        )
    )
    .order_by(SigningKey.id.desc())
)


class SigningKeyRepository:
    """The key pairs of the platform."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work, made where it is needed."""
        return self.uow.session

    async def get(self, key_id: UUID) -> SigningKey | None:
        """A key by its id."""
        return await self.session.get(SigningKey, key_id)

    async def current(self) -> SigningKey | None:
        """The newest key."""
        found = await self.session.execute(select(SigningKey).where(SigningKey.retired_at.is_(None)))
        return found.scalar_one_or_none()

    async def verifying(self, retired_after: datetime) -> list[SigningKey]:
        """The keys whose signatures may still be about, newest first, to look at only: no session knows them."""
        [rows] = await read(self.uow, (_VERIFYING, {"retired_after": retired_after}))
        return hydrated(SigningKey, rows)

    async def lock(self) -> None:
        """Wait until no other transaction changes keys."""
        await self.session.execute(_LOCK)

    async def add(self, key: SigningKey) -> None:
        """Insert a key."""
        self.session.add(key)
        await self.session.flush()

    async def remove(self, key: SigningKey) -> None:
        """Forget a key."""
        await self.session.delete(key)
        await self.session.flush()

    async def remove_retired(self, retired_before: datetime) -> None:
        """Forget the keys that no valid token can bear any more."""
        await self.session.execute(delete(SigningKey).where(SigningKey.retired_at < retired_before))
