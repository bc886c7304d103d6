"""All SQL of second factors; used in the platform scope only."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db.direct import Direct, read
from libs.common.db.unit_of_work import UnitOfWork
from services.identity.mfa.models import RecoveryCode, TotpFactor

_IS_ENABLED = Direct(
    select(TotpFactor.id).where(
        TotpFactor.id == bindparam("user_id", type_=Uuid()), TotpFactor.confirmed_at.is_not(None)
    )
)


class SecondFactorRepository:
    """Second factors of people."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    @property
    def session(self) -> AsyncSession:
        """The session of the unit of work, made where it is needed."""
        return self.uow.session

    async def is_enabled(self, user_id: UUID) -> bool:
        """Whether a person has confirmed an app."""
        [rows] = await read(self.uow, (_IS_ENABLED, {"user_id": user_id}))
        return bool(rows)

    async def totp(self, user_id: UUID, *, lock: bool = False) -> TotpFactor | None:
        """The app of a person, confirmed or not."""
        statement = select(TotpFactor).where(TotpFactor.id == user_id)
        if lock:
            statement = statement.with_for_update().execution_options(populate_existing=True)
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def add(self, factor: TotpFactor) -> None:
        """Insert the app of a person."""
        self.session.add(factor)
        await self.session.flush()

    async def remove(self, user_id: UUID) -> None:
        """Remove the app and the recovery codes of a person."""
        await self.session.execute(delete(TotpFactor).where(TotpFactor.id == user_id))
        await self.replace_codes(user_id, (), None)

    async def replace_codes(self, user_id: UUID, hashes: Iterable[bytes], now: datetime | None) -> None:
        """Make these the recovery codes of a person, and no others."""
        await self.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
        self.session.add_all([RecoveryCode(user_id=user_id, code_hash=one, created_at=now) for one in hashes])
        await self.session.flush()

    async def use_code(self, user_id: UUID, code_hash: bytes, now: datetime) -> bool:
        """Use a recovery code up; False where there is no such code any more. The row's lock lets one of several win."""
        statement = (
            update(RecoveryCode)
            .where(
                RecoveryCode.user_id == user_id,
                RecoveryCode.code_hash == code_hash,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=now)
            .execution_options(synchronize_session=False)
        )
        done: Any = await self.session.execute(statement)
        return bool(done.rowcount)

    async def codes_left(self, user_id: UUID) -> int:
        """How many recovery codes of a person can still be used."""
        statement = select(func.count()).where(
            RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
        )
        return int(await self.session.scalar(statement) or 0)
