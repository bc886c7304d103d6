"""All SQL of products."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import aliased

from libs.common.db.repository import Repository
from libs.common.db.search import paired, search_is_trusted
from libs.common.filters import MAX_SPLIT, ListQuery
from services.catalog.availability.repository import MOST_WAITING, AvailabilityRepository, sellable
from services.catalog.categories.models import Category
from services.catalog.categories.repository import branch_ids
from services.catalog.products.models import Product
from services.catalog.products.schemas import ProductQuery, ProductStatus
from services.catalog.shoppers import is_shopper, sees_the_shop
from services.catalog.stock.models import StockLevel
from services.catalog.variants.models import Variant

# Facets are counted over so many of the products found, and show so many names and values of each.
FACET_SAMPLE = 10_000
FACET_PROBE = 600
FACET_NAMES = 20
FACET_VALUES = 20


class ProductRepository(Repository[Product]):
    """Products of one tenant; to a shopper there are only the active ones of an active business."""

    model = Product
    _branch: list[UUID] | None = None
    _in_stock: Sequence[ColumnElement[bool]] = ()
    _by_index: Sequence[ColumnElement[bool]] = ()

    def select(self) -> Select[Product]:
        """The products that the actor may see."""
        statement = super().select()
        if is_shopper(self.uow.actor):
            visible = Product.status == ProductStatus.ACTIVE if sees_the_shop(self.uow.actor) else false()
            statement = statement.where(visible)
        return statement

    def conditions(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The conditions of the plain fields, and those of category and stock."""
        found = super().conditions(query)
        assert isinstance(query, ProductQuery)
        if query.category_id is not None or query.category is not None:
            assert self._branch is not None
            found.append(Product.category_id.in_(self._branch))
        if query.in_stock is not None:
            found.append(or_(*self._in_stock) if self._in_stock else sellable() == query.in_stock)
        return found

    def sought(self, query: ListQuery, row: Any) -> list[ColumnElement[bool]]:
        """The text searched for, and the attributes and options asked for."""
        assert isinstance(query, ProductQuery)
        return super().sought(query, row) + [
            or_(*(row.filter_values.contains({name: [value]}) for value in values))
            for name, values in query.attributes.items()
        ]

    def pieces(self, query: ListQuery, *, hidden: bool) -> list[ColumnElement[bool]]:
        """What the indexes know of the text, and of the attributes and options."""
        found = super().pieces(query, hidden=hidden)
        assert isinstance(query, ProductQuery)
        if query.attributes and not self.uow.is_platform:
            found.append(
                paired(Product, "filter_values", query.attributes, self.uow.tenant_id, hidden=hidden)
            )
        return found

    def split(self, query: ListQuery) -> list[ColumnElement[bool]]:
        """The categories of the branch, where one was sent and they are few; else as ever."""
        if self._branch is not None and 2 <= len(self._branch) <= MAX_SPLIT:
            return [Product.category_id == category_id for category_id in self._branch]
        if len(self._in_stock) > 1:
            return list(self._in_stock)
        return super().split(query)

    async def find_in_stock(self, query: ProductQuery) -> None:
        """Look at the products of which it is not kept yet whether they are in stock."""
        if query.in_stock is None or self.uow.is_platform:
            return
        rows = AvailabilityRepository(self.uow)
        waiting = await rows.waiting()
        if len(waiting) > MOST_WAITING:
            return
        kept = Product.is_sellable == query.in_stock
        self._in_stock = [kept]
        if waiting:
            are_sellable = await rows.sellable_of(waiting)
            found = are_sellable if query.in_stock else set(waiting) - are_sellable
            self._in_stock = [and_(kept, Product.id.not_in(waiting)), Product.id.in_(found)]

    async def find_branch(self, query: ProductQuery) -> None:
        """Read which categories the list is about: the planner must know them to know which index is best."""
        roots: list[ColumnElement[bool]] = []
        if query.category_id is not None:
            roots.append(Category.id.in_(query.category_id))
        if query.category is not None:
            roots.append(or_(Category.slug.in_(query.category), Category.id.in_(_ids(query.category))))
        for root in roots:
            ids = set((await self.session.execute(branch_ids(self.uow.tenant_id, root))).scalars())
            self._branch = sorted(ids if self._branch is None else ids & set(self._branch))

    async def variants_of(self, product_ids: Sequence[UUID]) -> dict[UUID, list[Variant]]:
        """The live variants of these products by position, in one query."""
        statement = (
            select(Variant)
            .where(
                Variant.tenant_id == self.uow.tenant_id,
                Variant.product_id.in_(product_ids),
                Variant.deleted_at.is_(None),
            )
            .order_by(Variant.position, Variant.id)
        )
        found: dict[UUID, list[Variant]] = {product_id: [] for product_id in product_ids}
        for variant in (await self.session.execute(statement)).scalars():
            found[variant.product_id].append(variant)
        return found

    async def available_variants(self, variant_ids: Sequence[UUID]) -> set[UUID]:
        """Those of the variants of which some store has a free piece, in one query."""
        statement = (
            select(StockLevel.variant_id)
            .where(
                StockLevel.tenant_id == self.uow.tenant_id,
                StockLevel.variant_id.in_(variant_ids),
                StockLevel.on_hand > StockLevel.reserved + StockLevel.allocated,
            )
            .distinct()
        )
        return set((await self.session.execute(statement)).scalars())

    async def find_sample(self, query: ProductQuery) -> None:
        """Choose the way to the products that facets are counted over: any of the frequent, the few by their index."""
        self._by_index = []
        if self.matches(query) and await search_is_trusted(self.uow.context, self.session):
            looked_at = self.select().where(*self.conditions(query)).order_by(Product.created_at.desc())
            row = aliased(Product, looked_at.limit(FACET_PROBE).subquery())
            number = await self.session.scalar(
                select(func.count()).select_from(row).where(*self.sought(query, row))
            )
            if (number or 0) < FACET_PROBE // 10:
                self._by_index = self.pieces(query, hidden=False)

    def _sample(self, query: ProductQuery) -> Any:
        conditions = [*self.conditions(query), *self.matches(query), *self._by_index]
        statement = self.select().where(*conditions).limit(FACET_SAMPLE)
        return statement.with_only_columns(Product.category_id, Product.filter_values).subquery()

    async def category_counts(self, query: ProductQuery) -> list[dict[str, Any]]:
        """How many of the products found are in each category, most first."""
        found = self._sample(query)
        number = func.count().label("count")
        statement = (
            select(Category.id.label("category_id"), Category.name, number)
            .join(found, found.c.category_id == Category.id)
            .where(Category.tenant_id == self.uow.tenant_id)
            .group_by(Category.id, Category.name)
            .order_by(number.desc(), Category.name)
            .limit(FACET_VALUES)
        )
        return [dict(row) for row in (await self.session.execute(statement)).mappings()]

    async def value_counts(self, query: ProductQuery) -> dict[str, list[dict[str, Any]]]:
        """How many of the products found have each value of each attribute or option, most first."""
        found = self._sample(query)
        pair = func.jsonb_each(found.c.filter_values).table_valued("key", "value").lateral("pair")
        item = func.jsonb_array_elements_text(pair.c.value).table_valued("value").lateral("item")
        number = func.count().label("count")
        rank = func.row_number().over(partition_by=pair.c.key, order_by=(number.desc(), item.c.value))
        ranked = (
            select(pair.c.key.label("name"), item.c.value.label("value"), number, rank.label("rank"))
            .select_from(found)
            .join(pair, onclause=true())
            .join(item, onclause=true())
            .group_by(pair.c.key, item.c.value)
            .subquery()
        )
        statement = (
            select(ranked.c.name, ranked.c.value, ranked.c.count)
            .where(ranked.c.rank <= FACET_VALUES)
            .order_by(ranked.c.name, ranked.c.rank)
        )
        counts: dict[str, list[dict[str, Any]]] = {}
        for row in (await self.session.execute(statement)).mappings():
            counts.setdefault(row["name"], []).append({"value": row["value"], "count": row["count"]})
        return dict(list(counts.items())[:FACET_NAMES])


def _ids(names: Sequence[str]) -> list[UUID]:
    """Those of the names that are ids."""
    found = []
    for name in names:
        with suppress(ValueError):
            found.append(UUID(name))
    return found
