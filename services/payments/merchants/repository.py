"""All SQL of merchants."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, Row, Run, all_of, hydrated
from libs.common.db.unit_of_work import UnitOfWork
from services.payments.merchants.models import Merchant

_GET = Direct(select(Merchant.__table__).where(Merchant.tenant_id == bindparam("tenant_id", type_=Uuid())))


class MerchantRepository:
    """The merchant of the tenant acted in."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def get(self) -> Merchant | None:
        """The merchant, or None where identity has not told of it yet."""
        (rows,) = await all_of(self.uow, self.getting())
        return self.got(rows)

    def getting(self) -> Run:
        """The statement of `get`, to be sent along with others."""
        return _GET, {"tenant_id": self.uow.tenant_id}

    @staticmethod
    def got(rows: list[Row]) -> Merchant | None:
        """What `getting` answered."""
        return next(iter(hydrated(Merchant, rows)), None)

    async def keep(self, tenant_id: UUID, **known: Any) -> None:
        """Insert the merchant or update what is known; None overwrites nothing, so facts may come in any order."""
        statement = insert(Merchant).values(tenant_id=tenant_id, **known)
        newer = {name: statement.excluded[name] for name, value in known.items() if value is not None}
        await self.uow.session.execute(
            statement.on_conflict_do_update(index_elements=["tenant_id"], set_=newer)
        )

    async def stop(self, tenant_id: UUID, is_stopped: bool, said_at: datetime) -> None:
        """Note whether its trade is stopped, unless something later has been said of that."""
        statement = (
            update(Merchant)
            .where(Merchant.tenant_id == tenant_id)
            .where(or_(Merchant.stopped_or_not_at.is_(None), Merchant.stopped_or_not_at < said_at))
            .values(is_stopped=is_stopped, stopped_or_not_at=said_at)
        )
        await self.uow.session.execute(statement)
