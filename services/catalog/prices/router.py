"""The HTTP side of prices."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.catalog.deps import Prices, Variants
from services.catalog.prices.schemas import PriceCreate, PriceHistoryQuery, PriceList, PriceOut

router = APIRouter(prefix="/variants/{variant_id}", tags=["prices"])
READ, WRITE = allow("catalog.prices.read"), allow("catalog.prices.write", active=True)


@router.get("/prices", response_model=PriceList, dependencies=[READ], responses=problems(NotFound))
async def list_prices(variant_id: UUID, variants: Variants, prices: Prices) -> Any:
    """List the prices of a variant now."""
    await variants.get(variant_id)
    present = await prices.present(variant_id)
    return {"items": [present] if present else []}


@router.post(
    "/prices", response_model=PriceOut, status_code=201, dependencies=[WRITE], responses=problems(NotFound)
)
async def create_price(variant_id: UUID, body: PriceCreate, variants: Variants) -> Any:
    """Give a variant a new base price from now on; the one it has already is answered as it is."""
    return await variants.set_price(variant_id, body.price)


@router.get(
    "/price-history", response_model=Page[PriceOut], dependencies=[READ], responses=problems(NotFound)
)
async def list_price_history(
    variant_id: UUID, query: Annotated[PriceHistoryQuery, Query()], variants: Variants, prices: Prices
) -> Any:
    """List every price that a variant has had, newest first."""
    await variants.get(variant_id)
    return await prices.history(variant_id, query)
