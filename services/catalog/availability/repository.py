"""All SQL of availability: what is true of stock, and what products repeat of it."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, or_, select, tuple_, union, update

from libs.common.db.unit_of_work import UnitOfWork
from services.catalog.availability.models import AvailabilityChange
from services.catalog.products.models import Product
from services.catalog.products.schemas import ProductType
from services.catalog.stock.models import StockLevel
from services.catalog.variants.models import Variant

# A list looks so many products up by hand that wait for the job; while there are more, it reads stock.
MOST_WAITING = 1000

_ID = tuple_(Product.tenant_id, Product.id)


def sellable() -> ColumnElement[bool]:
    """That any variant of a product can be bought now, as stock says."""
    in_store = exists().where(
        StockLevel.tenant_id == Variant.tenant_id,
        StockLevel.variant_id == Variant.id,
        StockLevel.on_hand > StockLevel.reserved + StockLevel.allocated,
    )
    return exists().where(
        Variant.tenant_id == Product.tenant_id,
        Variant.product_id == Product.id,
        Variant.deleted_at.is_(None),
        or_(Product.type != ProductType.GOODS, Variant.track_stock.is_(False), in_store),
    )


class AvailabilityRepository:
    """What is kept of availability: of one tenant, or of all in the platform scope."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session = uow.session

    async def waiting(self) -> list[UUID]:
        """Products of the tenant of which it may be otherwise than they say, up to one more than `MOST_WAITING`."""
        changed = select(AvailabilityChange.product_id).where(
            AvailabilityChange.tenant_id == self.uow.tenant_id
        )
        unknown = select(Product.id).where(
            Product.tenant_id == self.uow.tenant_id, Product.is_sellable.is_(None)
        )
        most = MOST_WAITING + 1
        either = union(
            select(changed.limit(most).subquery()), select(unknown.limit(most).subquery())
        ).subquery()
        return list((await self.session.execute(select(either).limit(most))).scalars())

    async def sellable_of(self, product_ids: list[UUID]) -> set[UUID]:
        """Those of the products that can be bought now."""
        statement = select(Product.id).where(
            Product.tenant_id == self.uow.tenant_id, Product.id.in_(product_ids), sellable()
        )
        return set((await self.session.execute(statement)).scalars())

    async def take_changes(self, limit: int) -> set[tuple[UUID, UUID]]:
        """(tenant, product) of changes, which are removed; for the platform scope."""
        oldest = (
            select(AvailabilityChange.tenant_id, AvailabilityChange.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        statement = (
            delete(AvailabilityChange)
            .where(tuple_(AvailabilityChange.tenant_id, AvailabilityChange.id).in_(oldest))
            .returning(AvailabilityChange.tenant_id, AvailabilityChange.product_id)
        )
        return {(row[0], row[1]) for row in await self.session.execute(statement)}

    async def unknown(self, limit: int) -> set[tuple[UUID, UUID]]:
        """(tenant, product) of products that say nothing yet; for the platform scope."""
        statement = select(Product.tenant_id, Product.id).where(Product.is_sellable.is_(None)).limit(limit)
        return {(row[0], row[1]) for row in await self.session.execute(statement)}

    async def renew(self, products: set[tuple[UUID, UUID]]) -> None:
        """Let these products say what is true now; for the platform scope."""
        ids = sorted(products)
        # Locked before stock is read: of two who look at one product, the later one sees what the other saw, and more.
        await self.session.execute(
            select(Product.id)
            .where(_ID.in_(ids))
            .order_by(Product.tenant_id, Product.id)
            .with_for_update(key_share=True)
        )
        await self.session.execute(
            update(Product)
            .where(_ID.in_(ids), Product.is_sellable.is_distinct_from(sellable()))
            .values(is_sellable=sellable(), updated_at=Product.updated_at)
            .execution_options(synchronize_session=False)
        )
