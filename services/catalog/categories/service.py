"""The rules of categories."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from libs.common.errors import AlreadyExists, NotFound
from libs.common.resource import ResourceService
from services.catalog.categories.errors import CategoryCycle, CategoryInUse
from services.catalog.categories.models import Category
from services.catalog.categories.repository import CategoryRepository
from services.catalog.locks import hold
from services.catalog.slugs import free_slug

Branches = list[dict[str, Any]]
# A shop with more branches than this lists them by parent.
TREE_LIMIT = 5000


class CategoryService(ResourceService[Category]):
    """The tree that products hang in."""

    repository = CategoryRepository
    noun = "category"
    rows: CategoryRepository

    async def tree(self) -> dict[str, Any]:
        """All categories as nested branches, siblings by position and name."""
        branches = {row.id: self._branch(row) for row in await self.rows.all(TREE_LIMIT)}
        top: Branches = []
        for branch in branches.values():
            parent = branches.get(branch["parent_id"])
            (parent["children"] if parent else top).append(branch)
        return {"items": top}

    @staticmethod
    def _branch(row: Category) -> dict[str, Any]:
        return {"id": row.id, "name": row.name, "slug": row.slug, "parent_id": row.parent_id, "children": []}

    async def create(self, body: BaseModel) -> Category:
        """Add a category."""
        await self._hold_the_tree()
        return await super().create(body)

    async def update(self, row_id: UUID, body: BaseModel) -> Category:
        """Change a category."""
        await self._hold_the_tree()
        return await super().update(row_id, body)

    async def delete(self, row_id: UUID) -> None:
        """Remove a category."""
        await self._hold_the_tree()
        await super().delete(row_id)

    async def _hold_the_tree(self) -> None:
        # Two moves at once could each be right alone and make a circle together.
        await hold(self.uow, "category-tree")

    async def prepare(self, values: dict[str, Any], row: Category | None) -> dict[str, Any]:
        """Make the slug, and see that the place in the tree exists and makes no circle."""
        if values.get("parent_id") is not None:
            await self._check_parent(values["parent_id"], row)
        if values.get("slug") is not None:
            await self._check_slug(values["slug"], row)
        elif row is None:
            values["slug"] = await free_slug(self.uow, Category, values["name"])
        else:
            values.pop("slug", None)
        return values

    async def _check_parent(self, parent_id: UUID, row: Category | None) -> None:
        above = await self.rows.ancestors(parent_id)
        if not above:
            raise NotFound("There is no such parent category.", resource="category")
        if row is not None and row.id in above:
            raise CategoryCycle("A category cannot be below itself.")

    async def _check_slug(self, slug: str, row: Category | None) -> None:
        taken = await self.rows.find(Category.slug == slug)
        if taken is not None and (row is None or taken.id != row.id):
            raise AlreadyExists("Another category has this slug.", field="slug")

    async def before_delete(self, row: Category) -> None:
        """Refuse while something hangs below.

        Raises:
            CategoryInUse: categories or products do.
        """
        if await self.rows.is_used(row.id):
            raise CategoryInUse("Move its categories and products first.")
        await self.rows.forget_in_deleted_products(row.id)
