"""The rules of variants. Each change brings the product's summary of them up to date."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AlreadyExists, NotFound, ValidationFailed
from libs.common.money import Money
from libs.common.resource import ResourceService, snapshot
from services.catalog.prices.models import PriceRecord
from services.catalog.prices.service import PriceService
from services.catalog.products.models import Product
from services.catalog.products.repository import ProductRepository
from services.catalog.products.schemas import ProductType
from services.catalog.products.summary import summarise
from services.catalog.stock.repository import StockRepository
from services.catalog.variants.errors import TooManyVariants, VariantHasStock
from services.catalog.variants.models import Variant
from services.catalog.variants.offers import told
from services.catalog.variants.repository import VariantRepository
from services.catalog.variants.schemas import VariantCreate, VariantOut, VariantReplace, VariantUpdate

MAX_VARIANTS = 100


class VariantService(ResourceService[Variant]):
    """The sellable forms of products."""

    repository = VariantRepository
    noun = "variant"
    rows: VariantRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.products = ProductRepository(uow)
        self.prices = PriceService(uow)

    async def list_of(self, product_id: UUID) -> dict[str, Any]:
        """All variants of a product."""
        product = await self._product(product_id)
        variants = (await self.products.variants_of([product_id]))[product_id]
        return {"items": await self.present({product_id: product}, variants)}

    async def get_of(self, product_id: UUID, variant_id: UUID) -> VariantOut:
        """One variant of a product."""
        product = await self._product(product_id)
        variant = await self._variant(product_id, variant_id)
        return await self._shown(product, variant)

    async def add(self, product_id: UUID, body: VariantCreate) -> VariantOut:
        """Add a variant to a product.

        Raises:
            AlreadyExists: another variant of the business has the SKU.
            TooManyVariants: the product has as many as it may.
        """
        product = await self._product(product_id, lock=True)
        if len(await self.rows.find_all(Variant.product_id == product_id)) >= MAX_VARIANTS:
            raise TooManyVariants("Make another product.", limit=MAX_VARIANTS)
        (variant,) = await self.insert(product, [body])
        await self._sum_up(product)
        return await self._shown(product, variant)

    async def insert(self, product: Product, bodies: Sequence[VariantCreate]) -> list[Variant]:
        """Insert variants of a product with their prices; the caller brings the summary up to date."""
        await self._check_skus([body.sku for body in bodies])
        variants = [
            Variant(
                tenant_id=product.tenant_id,
                product_id=product.id,
                created_at=self.uow.now,
                updated_at=self.uow.now,
                **body.model_dump(exclude={"price"}),
            )
            for body in bodies
        ]
        self.uow.session.add_all(variants)
        await self.uow.session.flush()
        for variant, body in zip(variants, bodies, strict=True):
            if body.price is not None:
                self.prices.set(variant, body.price)
            self._record("created", variant, None)
        await self.uow.session.flush()
        return variants

    async def change(
        self, product_id: UUID, variant_id: UUID, body: VariantCreate | VariantUpdate
    ) -> VariantOut:
        """Change a variant: the sent fields of a PATCH body, or all fields of a PUT body (null leaves the price)."""
        product = await self._product(product_id, lock=True)
        variant = await self._variant(product_id, variant_id, lock=True)
        self.check_version(variant)
        await self._set(variant, body)
        await self._sum_up(product)
        return await self._shown(product, variant)

    async def _set(self, variant: Variant, body: VariantCreate | VariantUpdate) -> None:
        changes = body.changes() if isinstance(body, VariantUpdate) else body.model_dump(exclude={"price"})
        price = body.price if "price" in body.model_fields_set else None
        changes.pop("price", None)
        if changes.get("sku", variant.sku) != variant.sku:
            await self._check_skus([changes["sku"]])
        before = snapshot(variant)
        for name, value in changes.items():
            setattr(variant, name, value)
        if price is not None:
            self.prices.set(variant, price)
        await self.rows.save(variant)
        self._record("updated", variant, before)

    async def replace(self, product: Product, bodies: Sequence[VariantReplace]) -> None:
        """Let the variants of a locked product be these, told apart by id or else by SKU; the caller brings the summary
        up to date.

        Raises:
            AlreadyExists: a SKU is that of another variant. ValidationFailed: an id is that of none of the product.
            VariantHasStock: something is in stock of one that is not among these.
        """
        present = await self.rows.lock_of(product.id)
        by_id = {variant.id: variant for variant in present}
        named = {body.id for body in bodies}
        # The SKU of one that goes by its id may have become another's.
        by_sku = {variant.sku: variant for variant in present if variant.id not in named}
        meant = [by_id.get(body.id) if body.id else by_sku.get(body.sku) for body in bodies]
        for body, variant in zip(bodies, meant, strict=True):
            if body.id and (variant is None or meant.count(variant) > 1):
                raise ValidationFailed.of("variants", f"{body.id} must be a variant of it, once", "unknown")
        if gone := [variant for variant in present if variant not in meant]:
            await self.discard(gone)
        # What one of them gives up another may take, in any order: the table has each SKU once at any moment.
        changing = [v for body, v in zip(bodies, meant, strict=True) if v is not None and v.sku != body.sku]
        if changing:
            await self.rows.let_go_of_skus(changing)
        made = []
        for body, variant in zip(bodies, meant, strict=True):
            wanted = VariantCreate(**body.model_dump(exclude={"id"}, exclude_unset=True))
            if variant is None:
                made.append(wanted)
            else:
                await self._set(variant, wanted)
        if made:
            await self.insert(product, made)

    async def set_price(self, variant_id: UUID, price: Money) -> PriceRecord:
        """Give a variant a price; answers its record (the present one when nothing changes)."""
        found = await self.get(variant_id)
        product = await self._product(found.product_id, lock=True)
        variant = await self._variant(product.id, variant_id, lock=True)
        before = snapshot(variant)
        record = self.prices.set(variant, price)
        if record is None:
            present = await self.prices.present(variant_id)
            assert present is not None
            return present
        await self.rows.save(variant)
        self._record("updated", variant, before)
        await self._sum_up(product)
        return record

    async def remove(self, product_id: UUID, variant_id: UUID) -> None:
        """Remove a variant of which nothing is in stock.

        Raises:
            VariantHasStock: something is.
        """
        product = await self._product(product_id, lock=True)
        variant = await self._variant(product_id, variant_id, lock=True)
        self.check_version(variant)
        await self.discard([variant])
        await self._sum_up(product)

    async def discard(self, variants: Sequence[Variant]) -> None:
        """Delete locked variants; the caller brings the summary up to date."""
        ids = [variant.id for variant in variants]
        await StockRepository(self.uow).lock(ids)
        if await self.rows.have_stock(ids):
            raise VariantHasStock("Write the stock off first, or archive the product.")
        for variant in variants:
            before = snapshot(variant)
            await self.rows.delete(variant)
            self._record("deleted", variant, before)

    async def lookup(self, variant_ids: Iterable[UUID]) -> list[dict[str, Any]]:
        """What other services need of variants, whatever their status; unknown ones are absent."""
        return [told(found) for found in await self.rows.lookup(variant_ids)]

    async def present(self, products: dict[UUID, Product], variants: Sequence[Variant]) -> list[VariantOut]:
        """The variants as they are shown, with whether they can be bought now; one query for all."""
        available = await self.products.available_variants([variant.id for variant in variants])
        shown = []
        for variant in variants:
            out = VariantOut.model_validate(variant)
            keeps_stock = variant.track_stock and products[variant.product_id].type == ProductType.GOODS
            out.in_stock = not keeps_stock or variant.id in available
            shown.append(out)
        return shown

    async def _shown(self, product: Product, variant: Variant) -> VariantOut:
        self.uow.tag(variant.version)
        return (await self.present({product.id: product}, [variant]))[0]

    async def _product(self, product_id: UUID, *, lock: bool = False) -> Product:
        product = await self.products.get(product_id, lock=lock)
        if product is None:
            raise NotFound("There is no such product.", resource="product")
        return product

    async def _variant(self, product_id: UUID, variant_id: UUID, *, lock: bool = False) -> Variant:
        variant = await self.rows.find(Variant.id == variant_id, Variant.product_id == product_id, lock=lock)
        if variant is None:
            raise NotFound("There is no such variant.", resource="variant")
        return variant

    async def _check_skus(self, skus: list[str]) -> None:
        taken = await self.rows.taken_skus(skus)
        if taken:
            raise AlreadyExists("Another variant has this SKU.", field="sku", skus=sorted(taken))

    async def _sum_up(self, product: Product) -> None:
        summarise(product, (await self.products.variants_of([product.id]))[product.id])
        await self.products.save(product)
