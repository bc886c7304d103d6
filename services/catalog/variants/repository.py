"""All SQL of variants."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, select

from libs.common.db.repository import Repository
from services.catalog.products.models import Product
from services.catalog.products.schemas import ProductType
from services.catalog.stock.models import StockLevel
from services.catalog.variants.models import Variant

_PRODUCT = and_(Product.tenant_id == Variant.tenant_id, Product.id == Variant.product_id)
_KEEPS_STOCK = and_(Product.type == ProductType.GOODS, Variant.track_stock)


class VariantRepository(Repository[Variant]):
    """Variants of one tenant."""

    model = Variant

    async def keep(self, variant_ids: Iterable[UUID]) -> dict[UUID, bool]:
        """Whether stock is kept of each of these variants; unknown ones are absent.

        They cannot be deleted until the transaction ends.
        """
        statement = (
            self.select()
            .with_only_columns(Variant.id, _KEEPS_STOCK)
            .join(Product, _PRODUCT)
            .where(Variant.id.in_(set(variant_ids)))
            .order_by(Variant.id)
            .with_for_update(read=True, key_share=True, of=Variant)
        )
        return {row[0]: row[1] for row in await self.session.execute(statement)}

    async def lock_of(self, product_id: UUID) -> list[Variant]:
        """The variants of a product, locked in the order of their ids."""
        statement = (
            self.select()
            .where(Variant.product_id == product_id)
            .order_by(Variant.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        rows: Any = await self.session.execute(statement)
        return list(rows.scalars())

    async def taken_skus(self, skus: Iterable[str]) -> list[str]:
        """Those of the SKUs that live variants have."""
        statement = self.select().with_only_columns(Variant.sku).where(Variant.sku.in_(set(skus)))
        return list((await self.session.execute(statement)).scalars())

    async def have_stock(self, variant_ids: Iterable[UUID]) -> bool:
        """Whether a piece of any of them lies in a store."""
        found = exists().where(
            StockLevel.tenant_id == self.uow.tenant_id,
            StockLevel.variant_id.in_(set(variant_ids)),
            StockLevel.on_hand > 0,
        )
        return bool((await self.session.execute(select(found))).scalar_one())

    async def lookup(self, variant_ids: Iterable[UUID]) -> Sequence[Any]:
        """(variant, product, whether stock is kept) of those that exist, in one query."""
        statement = (
            self.select()
            .add_columns(Product, _KEEPS_STOCK)
            .join(Product, and_(_PRODUCT, Product.deleted_at.is_(None)))
            .where(Variant.id.in_(set(variant_ids)))
            .order_by(Variant.id)
        )
        return (await self.session.execute(statement)).all()
