"""The HTTP side of deals."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import InvalidTransition, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deals.errors import (
    AmountMismatch,
    CurrencyMismatch,
    FieldsRequired,
    RegistrationPending,
    StageNotInPipeline,
    UnknownReason,
)
from services.crm.deals.schemas import (
    DealCreate,
    DealLose,
    DealMove,
    DealOut,
    DealQuery,
    DealReopen,
    DealReplace,
    DealUpdate,
    DealWin,
)
from services.crm.deps import Deals
from services.crm.stage_changes.schemas import DealHistory, StageChangeQuery

router = APIRouter(prefix="/deals", tags=["deals"])
READ, WRITE = allow("crm.deals.read"), allow("crm.deals.write", active=True)
CLOSE = allow("crm.deals.close", active=True)
FIGURES = (AmountMismatch, CurrencyMismatch)
REFUSALS = (NotFound, InvalidTransition, PreconditionFailed)


@router.get("", response_model=Page[DealOut], dependencies=[READ])
async def list_deals(query: Annotated[DealQuery, Query()], deals: Deals) -> Any:
    """List deals, newest first."""
    return await deals.list(query)


@router.post(
    "",
    response_model=DealOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(*FIGURES, StageNotInPipeline, InvalidTransition),
)
async def create_deal(body: DealCreate, deals: Deals) -> Any:
    """Add a deal."""
    return await deals.create(body)


@router.get("/{deal_id}", response_model=DealOut, dependencies=[READ], responses=problems(NotFound))
async def get_deal(deal_id: UUID, deals: Deals) -> Any:
    """Read one deal; its `ETag` can be sent back as `If-Match`."""
    return await deals.get(deal_id)


@router.patch(
    "/{deal_id}",
    response_model=DealOut,
    dependencies=[WRITE],
    responses=problems(*REFUSALS, *FIGURES),
)
async def update_deal(deal_id: UUID, body: DealUpdate, deals: Deals) -> Any:
    """Change some fields of a deal."""
    return await deals.update(deal_id, body)


@router.put(
    "/{deal_id}",
    response_model=DealOut,
    dependencies=[WRITE],
    responses=problems(*REFUSALS, *FIGURES),
)
async def replace_deal(deal_id: UUID, body: DealReplace, deals: Deals) -> Any:
    """Replace all fields of a deal."""
    return await deals.update(deal_id, body)


@router.delete(
    "/{deal_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, RegistrationPending)
)
async def delete_deal(deal_id: UUID, deals: Deals) -> None:
    """Remove a deal; its history stays."""
    await deals.delete(deal_id)


@router.post(
    "/{deal_id}/move",
    response_model=DealOut,
    dependencies=[WRITE],
    responses=problems(*REFUSALS, StageNotInPipeline, FieldsRequired),
)
async def move_deal(deal_id: UUID, body: DealMove, deals: Deals) -> Any:
    """Move an open deal to another stage of its pipeline."""
    return await deals.move(deal_id, body.stage_id)


@router.post(
    "/{deal_id}/win",
    response_model=DealOut,
    dependencies=[CLOSE],
    responses=problems(*REFUSALS, UnknownReason, FieldsRequired),
)
async def win_deal(deal_id: UUID, deals: Deals, body: DealWin | None = None) -> Any:
    """Win an open deal. Where it decides on a registration, the applicant is approved by this."""
    return await deals.win(deal_id, body.won_reason if body else None)


@router.post(
    "/{deal_id}/lose",
    response_model=DealOut,
    dependencies=[CLOSE],
    responses=problems(*REFUSALS, UnknownReason),
)
async def lose_deal(deal_id: UUID, body: DealLose, deals: Deals) -> Any:
    """Lose an open deal. Where it decides on a registration, the applicant is rejected by this."""
    return await deals.lose(deal_id, body.lost_reason)


@router.post(
    "/{deal_id}/reopen",
    response_model=DealOut,
    dependencies=[CLOSE],
    responses=problems(*REFUSALS, StageNotInPipeline),
)
async def reopen_deal(deal_id: UUID, deals: Deals, body: DealReopen | None = None) -> Any:
    """Open a closed deal again, at the stage named or the one it was closed from."""
    return await deals.reopen(deal_id, body.stage_id if body else None)


@router.get(
    "/{deal_id}/history", response_model=DealHistory, dependencies=[READ], responses=problems(NotFound)
)
async def get_deal_history(deal_id: UUID, query: Annotated[StageChangeQuery, Query()], deals: Deals) -> Any:
    """List the steps of a deal, oldest first, with the time it spent at each stage."""
    return await deals.history(deal_id, query)
