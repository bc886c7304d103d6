"""The HTTP side of stock."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from libs.common.errors import IdempotencyKeyReused, NotFound
from libs.common.http.deps import allow
from libs.common.http.idempotency import OptionallyIdempotent
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.catalog.deps import Stock
from services.catalog.stock.errors import InsufficientStock, StockNotKept
from services.catalog.stock.schemas import (
    AdjustmentCreate,
    CountCreate,
    MovementOut,
    MovementQuery,
    MovementsOut,
    StockLevelOut,
    StockQuery,
    TransferCreate,
)

router = APIRouter(prefix="/inventory", tags=["stock"])
READ, WRITE = allow("catalog.stock.read"), allow("catalog.stock.write", active=True)
CHANGES = problems(NotFound, InsufficientStock, StockNotKept, IdempotencyKeyReused)


@router.get("/stock", response_model=Page[StockLevelOut], dependencies=[READ])
async def list_stock(query: Annotated[StockQuery, Query()], stock: Stock) -> Any:
    """List what lies in the stores: on hand, reserved, allocated and available of each variant."""
    return await stock.list_levels(query)


@router.get("/movements", response_model=Page[MovementOut], dependencies=[READ])
async def list_movements(query: Annotated[MovementQuery, Query()], stock: Stock) -> Any:
    """List movements, newest first; those of a variant in a store add up to what lies there."""
    return await stock.list_movements(query)


@router.post(
    "/adjustments", response_model=MovementOut, status_code=201, dependencies=[WRITE], responses=CHANGES
)
async def create_adjustment(
    body: AdjustmentCreate, idempotency: OptionallyIdempotent, stock: Stock
) -> Response:
    """Add or remove pieces of a variant in a store."""
    return await idempotency.run(lambda: stock.adjust(body), MovementOut)


@router.post(
    "/transfers", response_model=MovementsOut, status_code=201, dependencies=[WRITE], responses=CHANGES
)
async def create_transfer(body: TransferCreate, idempotency: OptionallyIdempotent, stock: Stock) -> Response:
    """Move pieces that are free from one store to another."""
    return await idempotency.run(lambda: stock.transfer(body), MovementsOut)


@router.post("/counts", response_model=MovementsOut, status_code=201, dependencies=[WRITE], responses=CHANGES)
async def create_count(body: CountCreate, idempotency: OptionallyIdempotent, stock: Stock) -> Response:
    """Record a stock-take: what was found becomes what is on hand, each difference a movement."""
    return await idempotency.run(lambda: stock.count(body), MovementsOut)
