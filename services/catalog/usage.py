"""What the plan of a business limits here, and how much there is of it."""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.http.deps import Uow, internal
from libs.common.http.limits import counted
from services.catalog.products.models import Product
from services.catalog.stores.models import Store

PRODUCTS, STORES = "catalog.products", "catalog.stores"
# Nobody reads the difference between this many and more.
_MOST = 1_000_000

router = APIRouter(prefix="/internal", include_in_schema=False, dependencies=[internal()])


async def count_products(uow: UnitOfWork, most: int) -> int:
    """How many products the business has, counted up to a number."""
    rows = select(Product.id).where(Product.tenant_id == uow.tenant_id, Product.deleted_at.is_(None))
    return await counted(uow, rows, most)


async def count_stores(uow: UnitOfWork, most: int) -> int:
    """How many stores the business has, counted up to a number."""
    rows = select(Store.id).where(Store.tenant_id == uow.tenant_id, Store.deleted_at.is_(None))
    return await counted(uow, rows, most)


@router.get("/usage")
async def read_usage(uow: Uow) -> dict[str, Any]:
    """How much there is of what plans limit."""
    return {PRODUCTS: await count_products(uow, _MOST), STORES: await count_stores(uow, _MOST)}
