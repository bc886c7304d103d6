"""The HTTP side of categories."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.catalog.categories.errors import CategoryCycle, CategoryInUse
from services.catalog.categories.schemas import (
    CategoryCreate,
    CategoryOut,
    CategoryQuery,
    CategoryTree,
    CategoryUpdate,
)
from services.catalog.deps import Categories

router = APIRouter(prefix="/categories", tags=["categories"])
READ, WRITE = allow("catalog.categories.read"), allow("catalog.categories.write", active=True)
CHANGES = problems(NotFound, PreconditionFailed, AlreadyExists, CategoryCycle)


@router.get("", response_model=Page[CategoryOut], dependencies=[READ])
async def list_categories(query: Annotated[CategoryQuery, Query()], categories: Categories) -> Any:
    """List categories, newest first; `parent_id` gives the branches of one."""
    return await categories.list(query)


@router.post(
    "",
    response_model=CategoryOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists),
)
async def create_category(body: CategoryCreate, categories: Categories) -> Any:
    """Add a category."""
    return await categories.create(body)


@router.get("/tree", response_model=CategoryTree, dependencies=[READ])
async def get_category_tree(categories: Categories) -> Any:
    """Read the whole tree, siblings by position and name."""
    return await categories.tree()


@router.get("/{category_id}", response_model=CategoryOut, dependencies=[READ], responses=problems(NotFound))
async def get_category(category_id: UUID, categories: Categories) -> Any:
    """Read one category."""
    return await categories.get(category_id)


@router.patch("/{category_id}", response_model=CategoryOut, dependencies=[WRITE], responses=CHANGES)
async def update_category(category_id: UUID, body: CategoryUpdate, categories: Categories) -> Any:
    """Change some fields of a category, or move it."""
    return await categories.update(category_id, body)


@router.put("/{category_id}", response_model=CategoryOut, dependencies=[WRITE], responses=CHANGES)
async def replace_category(category_id: UUID, body: CategoryCreate, categories: Categories) -> Any:
    """Replace all fields of a category; without a slug it keeps the one it has."""
    return await categories.update(category_id, body)


@router.delete(
    "/{category_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, CategoryInUse)
)
async def delete_category(category_id: UUID, categories: Categories) -> None:
    """Remove a category that has nothing below it."""
    await categories.delete(category_id)
