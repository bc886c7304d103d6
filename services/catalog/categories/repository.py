"""All SQL of categories."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, false, select, update

from libs.common.db.repository import Repository
from services.catalog.categories.models import Category
from services.catalog.products.models import Product
from services.catalog.shoppers import is_shopper, sees_the_shop


class CategoryRepository(Repository[Category]):
    """Categories of one tenant."""

    model = Category

    def select(self) -> Select[Category]:
        """The categories of the tenant; shoppers see those of active businesses only."""
        hidden = is_shopper(self.uow.actor) and not sees_the_shop(self.uow.actor)
        return super().select().where(false()) if hidden else super().select()

    async def all(self, limit: int) -> list[Category]:
        """The categories by position and name, up to a limit."""
        statement = self.select().order_by(Category.position, Category.name, Category.id)
        rows: Any = await self.session.execute(statement.limit(limit))
        return list(rows.scalars())

    async def ancestors(self, category_id: UUID) -> set[UUID]:
        """The category and all those above it."""
        tenant_id = self.uow.tenant_id
        up = (
            select(Category.id, Category.parent_id)
            .where(Category.tenant_id == tenant_id, Category.id == category_id)
            .cte("up", recursive=True)
        )
        above = select(Category.id, Category.parent_id).where(
            Category.tenant_id == tenant_id, Category.id == up.c.parent_id
        )
        up = up.union(above)
        return set((await self.session.execute(select(up.c.id))).scalars())

    async def is_used(self, category_id: UUID) -> bool:
        """Whether categories or live products hang below it."""
        tenant_id = self.uow.tenant_id
        children = exists().where(Category.tenant_id == tenant_id, Category.parent_id == category_id)
        products = exists().where(
            Product.tenant_id == tenant_id, Product.category_id == category_id, Product.deleted_at.is_(None)
        )
        return bool((await self.session.execute(select(children | products))).scalar_one())

    async def forget_in_deleted_products(self, category_id: UUID) -> None:
        """Take the category off products that are deleted, so that it can go."""
        await self.session.execute(
            update(Product)
            .where(
                Product.tenant_id == self.uow.tenant_id,
                Product.category_id == category_id,
                Product.deleted_at.is_not(None),
            )
            .values(category_id=None)
        )


def branch_ids(tenant_id: UUID, root: ColumnElement[bool]) -> Select[UUID]:
    """A subquery of the ids of a category and of all those below it."""
    # Without a name of its own, so that one statement may hold several.
    down = select(Category.id).where(and_(Category.tenant_id == tenant_id, root)).cte(recursive=True)
    below = select(Category.id).where(Category.tenant_id == tenant_id, Category.parent_id == down.c.id)
    down = down.union(below)
    return select(down.c.id)
