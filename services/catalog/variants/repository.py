"""All SQL of variants."""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Text, Uuid, and_, any_, bindparam, cast, exists, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from libs.common.db.direct import Direct, Row, Run, all_of
from libs.common.db.repository import Repository
from libs.common.money import Money
from services.catalog.products.models import Product
from services.catalog.products.schemas import ProductType
from services.catalog.stock.models import StockLevel
from services.catalog.variants.models import Variant

_PRODUCT = and_(Product.tenant_id == Variant.tenant_id, Product.id == Variant.product_id)
_KEEPS_STOCK = and_(Product.type == ProductType.GOODS, Variant.track_stock)
_MINE = Variant.tenant_id == bindparam("tenant_id", type_=Uuid())
_THESE = Variant.id == any_(bindparam("ids", type_=ARRAY(Uuid())))
_LABEL = (Variant.sku, Variant.options, Variant.low_stock_threshold, Product.name)
_LABELS = Direct(select(Variant.id, *_LABEL).join(Product, _PRODUCT).where(_MINE, _THESE))
# In the order of `Kept`.
_LIVE = (
    select(
        Variant.id,
        Variant.product_id,
        Variant.sku,
        Variant.options,
        Variant.weight_g,
        Variant.price_amount,
        Variant.price_currency,
        Variant.low_stock_threshold,
        Product.name,
        Product.type,
        Product.status,
        Product.tax_class,
        Product.deleted_at.is_not(None),
        _KEEPS_STOCK,
    )
    .join(Product, _PRODUCT)
    .where(_MINE, _THESE, Variant.deleted_at.is_(None))
    .order_by(Variant.id)
)
_KEEP = Direct(_LIVE.with_for_update(read=True, key_share=True, of=Variant))
_LOOKUP = Direct(_LIVE.where(Product.deleted_at.is_(None)))


class Label(NamedTuple):
    """How a variant is called, and at how many pieces its stock is low."""

    sku: str
    options: dict[str, Any]
    low_stock_threshold: int | None
    product_name: str


class Kept(NamedTuple):
    """What is to be known of a variant and its product. `price_amount` in minor units, `weight_g` of one piece."""

    id: UUID
    product_id: UUID
    sku: str
    options: dict[str, Any]
    weight_g: int | None
    price_amount: int | None
    price_currency: str | None
    low_stock_threshold: int | None
    product_name: str
    type: str
    status: str
    tax_class: str | None
    is_withdrawn: bool
    has_stock: bool

    @property
    def price(self) -> Money | None:
        """The base price, or None while it has none."""
        found: Money | None = Money.of(self.price_amount, self.price_currency)
        return found

    @property
    def label(self) -> Label:
        """How it is called, and when its stock is low."""
        return Label(self.sku, self.options, self.low_stock_threshold, self.product_name)


def kept(rows: Iterable[Row]) -> dict[UUID, Kept]:
    """What `VariantRepository.keeping` found, by the ids of the variants."""
    return {row[0]: Kept(*row) for row in rows}


class VariantRepository(Repository[Variant]):
    """Variants of one tenant."""

    model = Variant

    async def keep(self, variant_ids: Iterable[UUID]) -> dict[UUID, Kept]:
        """What is to be known of each of these variants whose stock is to change; unknown ones are absent.

        They cannot be deleted until the transaction ends.
        """
        return kept((await all_of(self.uow, self.keeping(variant_ids)))[0])

    def keeping(self, variant_ids: Iterable[UUID]) -> Run:
        """The statement of `keep`, to be sent along with others; `kept` reads its rows."""
        return _KEEP, {"tenant_id": self.uow.tenant_id, "ids": list(set(variant_ids))}

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

    async def let_go_of_skus(self, variants: Iterable[Variant]) -> None:
        """Free the SKUs of locked variants in the table; the rows here still hold them, and are to be given others."""
        ids = [variant.id for variant in variants]
        statement = (
            update(Variant)
            .where(Variant.tenant_id == self.uow.tenant_id, Variant.id.in_(ids))
            .values(sku=cast(Variant.id, Text))
            .execution_options(synchronize_session=False)
        )
        await self.session.execute(statement)

    async def have_stock(self, variant_ids: Iterable[UUID]) -> bool:
        """Whether a piece of any of them lies in a store."""
        found = exists().where(
            StockLevel.tenant_id == self.uow.tenant_id,
            StockLevel.variant_id.in_(set(variant_ids)),
            StockLevel.on_hand > 0,
        )
        return bool((await self.session.execute(select(found))).scalar_one())

    async def lookup(self, variant_ids: Iterable[UUID]) -> list[Kept]:
        """Those of the variants that exist, in the order of their ids; nothing keeps them from being deleted."""
        rows = await _LOOKUP.all_at_once(self.uow, tenant_id=self.uow.tenant_id, ids=list(set(variant_ids)))
        return [Kept(*row) for row in rows]
