"""All SQL of order timelines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.direct import Direct, insert_of
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.outbox import actor_label
from services.orders.timeline.models import TimelineEntry

# An order has a handful of entries; this bounds what one answer may hold.
MAX_ENTRIES = 1000
_INSERT = Direct(insert_of(TimelineEntry))


class Timeline:
    """Adds to and reads the timelines of orders."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def add(
        self,
        order: Any,
        kind: str,
        *,
        status: str | None = None,
        step: int | None = None,
        at: datetime | None = None,
        actor: str | None = None,
        reference: UUID | None = None,
        **data: Any,
    ) -> None:
        """Add an entry; `data` must be JSON values. The actor of the unit of work did it unless one is named."""
        self._uow.write(
            _INSERT,
            {
                "tenant_id": order.tenant_id,
                "id": new_id(),
                "order_id": order.id,
                "at": at or self._uow.now,
                "kind": kind,
                "status": status,
                "step": step,
                "actor": actor or actor_label(self._uow.actor),
                "reference": str(reference) if reference else None,
                "data": {name: value for name, value in data.items() if value is not None},
            },
        )

    async def add_once(
        self, order: Any, kind: str, reference: UUID, *, at: datetime, actor: str | None, **data: Any
    ) -> bool:
        """Add an entry unless there is one of this kind about the same thing; whether it was added."""
        statement = insert(TimelineEntry).values(
            tenant_id=order.tenant_id,
            id=new_id(),
            order_id=order.id,
            at=at,
            kind=kind,
            actor=actor or actor_label(self._uow.actor),
            reference=str(reference),
            data={name: value for name, value in data.items() if value is not None},
        )
        added = await self._uow.session.execute(
            statement.on_conflict_do_nothing().returning(TimelineEntry.id)
        )
        return added.first() is not None

    async def of(self, tenant_id: UUID, order_id: UUID) -> list[TimelineEntry]:
        """The entries of an order, oldest first."""
        statement = (
            select(TimelineEntry)
            .where(TimelineEntry.tenant_id == tenant_id, TimelineEntry.order_id == order_id)
            .order_by(TimelineEntry.at, TimelineEntry.id)
            .limit(MAX_ENTRIES)
        )
        return list((await self._uow.session.execute(statement)).scalars())
