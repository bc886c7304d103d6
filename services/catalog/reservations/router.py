"""The HTTP side of reservations: commands for the orders service, and a view for people."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import InvalidTransition, NotFound
from libs.common.http.deps import allow, internal
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.catalog.deps import Reservations
from services.catalog.reservations.schemas import (
    HeldOut,
    ReleaseCause,
    ReservationOut,
    ReservationQuery,
    ReservationRequest,
)
from services.catalog.stock.errors import InsufficientStock

router = APIRouter(prefix="/inventory/reservations", tags=["reservations"])
internal_router = APIRouter(
    prefix="/internal/reservations", include_in_schema=False, dependencies=[internal()]
)
READ, WRITE = allow("catalog.reservations.read"), allow("catalog.reservations.write", active=True)


@router.get("", response_model=Page[ReservationOut], dependencies=[READ])
async def list_reservations(query: Annotated[ReservationQuery, Query()], reservations: Reservations) -> Any:
    """List the stock held for orders, newest first; `short=true` shows orders that stock did not suffice for."""
    return await reservations.list(query)


@router.post(
    "/{order_id}/allocate",
    response_model=ReservationOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, InsufficientStock),
)
async def allocate_reservation(order_id: UUID, reservations: Reservations) -> Any:
    """Allocate free stock to a paid order that fell short of it."""
    return await reservations.retry(order_id)


@internal_router.put("/{order_id}", response_model=HeldOut)
async def reserve(order_id: UUID, body: ReservationRequest, reservations: Reservations) -> Any:
    """Hold stock for an order, where its offers still stand."""
    return await reservations.reserve(order_id, body)


@internal_router.delete("/{order_id}", status_code=204)
async def release(order_id: UUID, reservations: Reservations) -> None:
    """Free what is held for an order; an unknown one is no error."""
    await reservations.release(order_id, ReleaseCause.REQUESTED)
