"""All SQL of order timelines."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select

from libs.common.db.direct import Direct, hydrated, insert_of, read
from libs.common.db.unit_of_work import UnitOfWork
from libs.common.ids import new_id
from libs.common.messaging.outbox import actor_label
from services.orders.timeline.models import TimelineEntry

# An order has a handful of entries; this bounds what one answer may hold.
MAX_ENTRIES = 1000
_INSERT = Direct(insert_of(TimelineEntry))
_INSERT_ONCE = insert_of(TimelineEntry).on_conflict_do_nothing()
_ADD_ONCE, _IS_ADDED = Direct(_INSERT_ONCE), Direct(_INSERT_ONCE.returning(TimelineEntry.id))
_OF = Direct(
    select(TimelineEntry.__table__)
    .where(
        TimelineEntry.tenant_id == bindparam("tenant_id", type_=Uuid()),
        TimelineEntry.order_id == bindparam("order_id", type_=Uuid()),
    )
    .order_by(TimelineEntry.at, TimelineEntry.id)
    .limit(MAX_ENTRIES)
)


class Timeline:
    """Adds to and reads the timelines of orders."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def add(self, order: Any, kind: str, **entry: Any) -> None:
        """Add an entry with the next flush; what it may have is named at `_entry`."""
        self._uow.write(_INSERT, self._entry(order.tenant_id, order.id, kind, **entry))

    def add_once(self, order_id: UUID, kind: str, reference: UUID, **entry: Any) -> None:
        """Add an entry with the next flush, unless there is one of this kind about the same thing."""
        values = self._entry(self._uow.tenant_id, order_id, kind, reference=reference, **entry)
        self._uow.write(_ADD_ONCE, values)

    async def is_added(self, order_id: UUID, kind: str, reference: UUID, **entry: Any) -> bool:
        """The same at once; whether it was added."""
        values = self._entry(self._uow.tenant_id, order_id, kind, reference=reference, **entry)
        return await _IS_ADDED.first(self._uow, **values) is not None

    async def of(self, tenant_id: UUID, order_id: UUID) -> list[TimelineEntry]:
        """The entries of an order, oldest first."""
        (rows,) = await read(self._uow, (_OF, {"tenant_id": tenant_id, "order_id": order_id}))
        return hydrated(TimelineEntry, rows)

    def _entry(
        self,
        tenant_id: UUID,
        order_id: UUID,
        kind: str,
        *,
        status: str | None = None,
        step: int | None = None,
        at: datetime | None = None,
        actor: str | None = None,
        reference: UUID | None = None,
        **data: Any,
    ) -> dict[str, Any]:
        """A row; `data` must be JSON values. The actor of the unit of work did it unless one is named."""
        return {
            "tenant_id": tenant_id,
            "id": new_id(),
            "order_id": order_id,
            "at": at or self._uow.now,
            "kind": kind,
            "status": status,
            "step": step,
            "actor": actor or actor_label(self._uow.actor),
            "reference": str(reference) if reference else None,
            "data": {name: value for name, value in data.items() if value is not None},
        }
