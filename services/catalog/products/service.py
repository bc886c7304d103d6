"""The rules of products."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import AlreadyExists, NotFound
from libs.common.resource import ResourceService, snapshot
from libs.contracts.catalog import ProductChanged, ProductCreated
from services.catalog.categories.repository import CategoryRepository
from services.catalog.products.models import Product
from services.catalog.products.repository import ProductRepository
from services.catalog.products.schemas import (
    MediaBody,
    ProductCreate,
    ProductOut,
    ProductQuery,
    ProductReplace,
)
from services.catalog.products.summary import summarise
from services.catalog.slugs import free_slug
from services.catalog.variants.service import VariantService


class ProductService(ResourceService[Product]):
    """What a business sells."""

    repository = ProductRepository
    noun = "product"
    rows: ProductRepository

    def __init__(self, uow: UnitOfWork) -> None:
        super().__init__(uow)
        self.variants = VariantService(uow)

    async def search(self, query: ProductQuery) -> dict[str, Any]:
        """One page of products with their variants, and facets where asked for; no query per row."""
        await self.rows.find_branch(query)
        await self.rows.find_in_stock(query)
        rows, cursor = await self.rows.page(query)
        page: dict[str, Any] = {"items": await self.present(rows), "next_cursor": cursor}
        if query.facets:
            await self.rows.find_sample(query)
            page["facets"] = {
                "categories": await self.rows.category_counts(query),
                "attributes": await self.rows.value_counts(query),
            }
        return page

    async def show(self, product_id: UUID) -> ProductOut:
        """One product with its variants."""
        return (await self.present([await self.get(product_id)]))[0]

    async def add(self, body: ProductCreate) -> ProductOut:
        """Add a product with its variants.

        Raises:
            AlreadyExists: the slug, or the SKU of a variant, is taken.
            NotFound: there is no such category.
        """
        product = await self.create(body)
        return (await self.present([product]))[0]

    async def create(self, body: BaseModel) -> Product:
        """Add a product with its variants, as a row."""
        assert isinstance(body, ProductCreate)
        values = await self.prepare(body.model_dump(exclude={"variants"}), None)
        product = await self.rows.add(Product(**values))
        summarise(product, await self.variants.insert(product, body.variants) if body.variants else [])
        await self.uow.session.flush()
        self._record("created", product, None)
        self.uow.emit(
            ProductCreated(product_id=product.id, name=product.name, type=product.type, status=product.status)
        )
        self.uow.tag(product.version)
        return product

    async def change(self, product_id: UUID, body: BaseModel) -> ProductOut:
        """Change a product: the sent fields of a PATCH body, or all fields of a PUT body."""
        product = await self.update(product_id, body)
        if isinstance(body, ProductReplace) and body.variants is not None:
            await self.variants.replace(product, body.variants)
        summarise(product, (await self.rows.variants_of([product.id]))[product.id])
        await self.uow.session.flush()
        self._announce(product)
        return (await self.present([product]))[0]

    async def set_media(self, product_id: UUID, body: MediaBody) -> Product:
        """Replace the media of a product."""
        product = await self.get(product_id, lock=True)
        self.check_version(product)
        before = snapshot(product)
        product.media = body.model_dump()["items"]
        await self.rows.save(product)
        self._record("updated", product, before)
        self.uow.tag(product.version)
        return product

    async def prepare(self, values: dict[str, Any], row: Product | None) -> dict[str, Any]:
        """Make the slug, and see that the category exists; variants are rows of their own."""
        values.pop("variants", None)
        category_id = values.get("category_id")
        if category_id is not None and await CategoryRepository(self.uow).get(category_id) is None:
            raise NotFound("There is no such category.", resource="category")
        if values.get("slug") is not None:
            taken = await self.rows.find(Product.slug == values["slug"])
            if taken is not None and (row is None or taken.id != row.id):
                raise AlreadyExists("Another product has this slug.", field="slug")
        elif row is None:
            values["slug"] = await free_slug(self.uow, Product, values["name"])
        else:
            values.pop("slug", None)
        return values

    async def before_delete(self, row: Product) -> None:
        """Delete its variants with it, unless something of them is in stock."""
        variants = await self.variants.rows.lock_of(row.id)
        if variants:
            await self.variants.discard(variants)

    async def delete(self, row_id: UUID) -> None:
        """Remove a product and its variants; their history stays."""
        product = await self.get(row_id, lock=True)
        await super().delete(row_id)
        self._announce(product, deleted=True)

    async def present(self, products: Sequence[Product]) -> list[ProductOut]:
        """The products as they are shown; two queries for all of them."""
        by_id = {product.id: product for product in products}
        variants = await self.rows.variants_of(list(by_id))
        flat = [variant for of_one in variants.values() for variant in of_one]
        shown = {out.id: out for out in await self.variants.present(by_id, flat)}
        found = []
        for product in products:
            out = ProductOut.model_validate(product)
            out.variants = [shown[variant.id] for variant in variants[product.id]]
            out.in_stock = any(variant.in_stock for variant in out.variants)
            found.append(out)
        return found

    def _announce(self, product: Product, *, deleted: bool = False) -> None:
        self.uow.emit(
            ProductChanged(
                product_id=product.id,
                name=product.name,
                type=product.type,
                status=product.status,
                deleted=deleted,
            )
        )
