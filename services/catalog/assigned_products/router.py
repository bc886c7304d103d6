"""The HTTP side of assigned products."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from libs.common.pagination import Page
from services.catalog.assigned_products.schemas import AssignedProductOut, AssignedProductQuery
from services.catalog.deps import AssignedProducts

router = APIRouter(prefix="/assigned-products", tags=["assigned products"])
READ = allow("catalog.assigned_products.read")


@router.get("", response_model=Page[AssignedProductOut], dependencies=[READ])
async def list_assigned_products(
    query: Annotated[AssignedProductQuery, Query()], assigned_products: AssignedProducts
) -> Any:
    """List the operator's products that businesses have; a business sees its own."""
    return await assigned_products.list(query)
