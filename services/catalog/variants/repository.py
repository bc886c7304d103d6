"""All SQL of variants."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, and_, any_, bindparam, exists, select
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct, hydrated
from libs.common.db.repository import Repository
from services.catalog.products.models import Product
from services.catalog.products.schemas import ProductType
from services.catalog.stock.models import StockLevel
from services.catalog.variants.models import Variant

_PRODUCT = and_(Product.tenant_id == Variant.tenant_id, Product.id == Variant.product_id)
_KEEPS_STOCK = and_(Product.type == ProductType.GOODS, Variant.track_stock)
_MINE = Variant.tenant_id == bindparam("tenant_id", type_=Uuid())
_THESE = Variant.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
_LABEL = (Variant.sku, Variant.options, Variant.low_stock_threshold, Product.name)
_KEEP = Direct(
    select(Variant.id, _KEEPS_STOCK, *_LABEL)
    .join(Product, _PRODUCT)
    .where(_MINE, _THESE, Variant.deleted_at.is_(None))
    .order_by(Variant.id)
    .with_for_update(read=True, key_share=True, of=Variant)
)
_LABELS = Direct(select(Variant.id, *_LABEL).join(Product, _PRODUCT).where(_MINE, _THESE))
_LOOKUP = Direct(
    select(Variant.__table__, Product.__table__, _KEEPS_STOCK)
    .join(Product, and_(_PRODUCT, Product.deleted_at.is_(None)))
    .where(_MINE, _THESE, Variant.deleted_at.is_(None))
    .order_by(Variant.id)
)


class Label(NamedTuple):
    """How a variant is called, and at how many pieces its stock is low."""

    sku: str
    options: dict[str, Any]
    low_stock_threshold: int | None
    product_name: str


class Kept(NamedTuple):
    """A variant that cannot be deleted now, and whether stock is kept of it."""

    has_stock: bool
    label: Label


class VariantRepository(Repository[Variant]):
    """Variants of one tenant."""

    model = Variant

    async def keep(self, variant_ids: Iterable[UUID]) -> dict[UUID, Kept]:
        """What is to be known of each of these variants whose stock is to change; unknown ones are absent.

        They cannot be deleted until the transaction ends.
        """
        rows = await _KEEP.all(self.uow, tenant_id=self.uow.tenant_id, ids=list(set(variant_ids)))
        return {row[0]: Kept(row[1], Label(*row[2:])) for row in rows}

    async def labels(self, variant_ids: Iterable[UUID]) -> dict[UUID, Label]:
        """How these variants are called, deleted ones too."""
        rows = await _LABELS.all(self.uow, tenant_id=self.uow.tenant_id, ids=list(set(variant_ids)))
        return {row[0]: Label(*row[1:]) for row in rows}

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

    async def lookup(self, variant_ids: Iterable[UUID]) -> list[tuple[Variant, Product, bool]]:
        """(variant, product, whether stock is kept) of those that exist, in one query; for reading only."""
        rows = await _LOOKUP.all_at_once(self.uow, tenant_id=self.uow.tenant_id, ids=list(set(variant_ids)))
        width = len(Variant.__table__.columns)
        variants = hydrated(Variant, (row[:width] for row in rows))
        products = hydrated(Product, (row[width:-1] for row in rows))
        return [
            (variant, product, row[-1])
            for variant, product, row in zip(variants, products, rows, strict=True)
        ]
