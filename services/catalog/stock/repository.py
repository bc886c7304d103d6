"""All SQL of stock."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, not_, select
from sqlalchemy.dialects.postgresql import insert

from libs.common.db.repository import Repository
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from services.catalog.products.models import Product
from services.catalog.stock.models import Movement, StockLevel
from services.catalog.stock.schemas import StockQuery
from services.catalog.stores.models import Store
from services.catalog.variants.models import Variant


class StockRepository(Repository[StockLevel]):
    """Stock levels of one tenant."""

    model = StockLevel

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The conditions of the plain fields, and whether the level is low."""
        found = super().conditions(query)
        assert isinstance(query, StockQuery)
        if query.low is not None:
            low = exists().where(
                Variant.tenant_id == StockLevel.tenant_id,
                Variant.id == StockLevel.variant_id,
                Variant.low_stock_threshold
                >= StockLevel.on_hand - StockLevel.reserved - StockLevel.allocated,
            )
            found.append(low if query.low else not_(low))
        return found

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
        """The levels of these variants in all stores, locked in the order of (variant, store)."""
        statement = (
            self.select()
            .where(StockLevel.variant_id.in_(set(variant_ids)))
            .order_by(StockLevel.variant_id, StockLevel.store_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        rows: Any = await self.session.execute(statement)
        return list(rows.scalars())

    async def default_stores(self, store_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the stores that are the default of their business."""
        statement = select(Store.id).where(
            Store.tenant_id == self.uow.tenant_id, Store.id.in_(set(store_ids)), Store.is_default.is_(True)
        )
        return set((await self.session.execute(statement)).scalars())

    async def labels(self, variant_ids: Iterable[UUID]) -> dict[UUID, Any]:
        """SKU, options, threshold and product name of these variants, deleted ones too."""
        statement = (
            select(Variant.id, Variant.sku, Variant.options, Variant.low_stock_threshold, Product.name)
            .join(Product, and_(Product.tenant_id == Variant.tenant_id, Product.id == Variant.product_id))
            .where(Variant.tenant_id == self.uow.tenant_id, Variant.id.in_(set(variant_ids)))
        )
        return {row.id: row for row in await self.session.execute(statement)}


class MovementRepository(Repository[Movement]):
    """Movements of one tenant."""

    model = Movement
