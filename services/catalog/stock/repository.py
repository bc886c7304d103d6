"""All SQL of stock."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, exists, func, not_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert

from libs.common.db.direct import Direct, Run, hydrated, insert_of, values_of
from libs.common.db.repository import Repository
from libs.common.db.search import contains, indexed
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from services.catalog.reservations.models import Reservation
from services.catalog.stock.models import Movement, StockLevel
from services.catalog.stock.schemas import StockQuery
from services.catalog.stores.models import Store
from services.catalog.variants.models import Variant

_TENANT = bindparam("tenant_id", type_=Uuid())
_LOCKED = (
    select(StockLevel.__table__)
    .where(
        StockLevel.tenant_id == _TENANT,
        StockLevel.variant_id == any_(bindparam("variant_ids", type_=ARRAY(Uuid()))),
    )
    .order_by(StockLevel.variant_id, StockLevel.store_id)
    .with_for_update(of=StockLevel)
)
_LOCK = Direct(_LOCKED)
_RESERVED = exists().where(
    Reservation.tenant_id == _TENANT, Reservation.order_id == bindparam("order_id", type_=Uuid())
)
_LOCK_UNLESS_RESERVED = Direct(_LOCKED.where(~_RESERVED))
_WRITTEN = ("on_hand", "reserved", "allocated", "version", "updated_at")
_WRITE = Direct(
    update(StockLevel)
    .where(
        StockLevel.tenant_id == bindparam("tenant", type_=Uuid()),
        StockLevel.id == bindparam("level", type_=Uuid()),
    )
    .values({name: bindparam(name, type_=StockLevel.__table__.c[name].type) for name in _WRITTEN})
)
_RECORD = Direct(insert_of(Movement))


class StockRepository(Repository[StockLevel]):
    """Stock levels of one tenant."""

    model = StockLevel

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The conditions of the plain fields, and whether the level is low: what is sold out is, threshold or none."""
        found = super().conditions(query)
        assert isinstance(query, StockQuery)
        if query.low is not None:
            # Looked up row by row, by its key: as a join it would be read whole for one page.
            threshold = (
                select(func.coalesce(Variant.low_stock_threshold, 0))
                .where(
                    Variant.tenant_id == StockLevel.tenant_id,
                    Variant.id == StockLevel.variant_id,
                    Variant.deleted_at.is_(None),
                    Variant.track_stock,
                )
                .scalar_subquery()
            )
            available = StockLevel.on_hand - StockLevel.reserved - StockLevel.allocated
            low = func.coalesce(threshold >= available, False)
            found.append(low if query.low else not_(low))
        return found

    def sought(self, query: ListQuery, row: Any) -> list[ColumnElement[bool]]:
        """That its SKU, which is the variant's, contains the text; looked up row by row, by its key."""
        if not query.q:
            return []
        sku = (
            select(Variant.sku)
            .where(Variant.tenant_id == row.tenant_id, Variant.id == row.variant_id)
            .scalar_subquery()
        )
        return [contains([sku], query.q)]

    def pieces(self, query: ListQuery, *, hidden: bool) -> list[ColumnElement[bool]]:
        """What the search index of variants knows of the text."""
        if not query.q:
            return []
        found = indexed(Variant, query.q, self.searched_owner, hidden=hidden)
        if found is None:
            return []
        variants = select(Variant.id).where(Variant.tenant_id == StockLevel.tenant_id, found)
        return [StockLevel.variant_id.in_(variants)]

    async def ensure(self, pairs: Iterable[tuple[UUID, UUID]]) -> None:
        """Make the levels of these (variant, store) pairs that do not exist yet."""
        rows = [
            {
                "tenant_id": self.uow.tenant_id,
                "id": new_id(),
                "variant_id": variant_id,
                "store_id": store_id,
                "created_at": self.uow.now,
                "updated_at": self.uow.now,
            }
            for variant_id, store_id in sorted(set(pairs))
        ]
        await self.session.execute(insert(StockLevel).values(rows).on_conflict_do_nothing())

    async def lock(self, variant_ids: Iterable[UUID]) -> list[StockLevel]:
        """The levels of these variants in all stores, locked in the order of (variant, store); see `write`."""
        ids = list(set(variant_ids))
        return hydrated(StockLevel, await _LOCK.all(self.uow, tenant_id=self.uow.tenant_id, variant_ids=ids))

    def locking_unless_reserved(self, order_id: UUID, variant_ids: Iterable[UUID]) -> Run:
        """The statement of `lock`, to be sent along with others; it locks nothing where the order has a reservation."""
        named = {"tenant_id": self.uow.tenant_id, "order_id": order_id, "variant_ids": list(set(variant_ids))}
        return _LOCK_UNLESS_RESERVED, named

    def write(self, levels: Iterable[StockLevel]) -> None:
        """Write locked levels with the next flush, raising their versions."""
        for level in levels:
            level.version += 1
            level.updated_at = self.uow.now
            values = values_of(level, _WRITTEN)
            self.uow.write(_WRITE, {"tenant": level.tenant_id, "level": level.id, **values})

    async def default_stores(self, store_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the stores that are the default of their business."""
        statement = select(Store.id).where(
            Store.tenant_id == self.uow.tenant_id, Store.id.in_(set(store_ids)), Store.is_default.is_(True)
        )
        return set((await self.session.execute(statement)).scalars())


class MovementRepository(Repository[Movement]):
    """Movements of one tenant."""

    model = Movement

    def record(self, movement: Movement) -> None:
        """Write a movement with the next flush."""
        self.uow.write(_RECORD, values_of(movement))
