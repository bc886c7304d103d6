"""The HTTP side of deal lines."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from libs.common.errors import InvalidTransition, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from services.crm.deal_lines.schemas import DealLineIn, DealLineOut, DealLinesOut, DealLineUpdate
from services.crm.deals.errors import AmountTooLarge, CurrencyMismatch
from services.crm.deps import DealLines

router = APIRouter(prefix="/deals/{deal_id}/lines", tags=["deals"])
READ, WRITE = allow("crm.deals.read"), allow("crm.deals.write", active=True)
REFUSALS = problems(NotFound, InvalidTransition, PreconditionFailed, CurrencyMismatch, AmountTooLarge)


@router.get("", response_model=DealLinesOut, dependencies=[READ], responses=problems(NotFound))
async def list_deal_lines(deal_id: UUID, lines: DealLines) -> Any:
    """List the lines of a deal, in order."""
    return await lines.list(deal_id)


@router.post("", response_model=DealLineOut, status_code=201, dependencies=[WRITE], responses=REFUSALS)
async def create_deal_line(deal_id: UUID, body: DealLineIn, lines: DealLines) -> Any:
    """Add a line; the `ETag` of lines is that of their deal."""
    return await lines.create(deal_id, body)


@router.get("/{line_id}", response_model=DealLineOut, dependencies=[READ], responses=problems(NotFound))
async def get_deal_line(deal_id: UUID, line_id: UUID, lines: DealLines) -> Any:
    """Read one line."""
    return await lines.get(deal_id, line_id)


@router.patch("/{line_id}", response_model=DealLineOut, dependencies=[WRITE], responses=REFUSALS)
async def update_deal_line(deal_id: UUID, line_id: UUID, body: DealLineUpdate, lines: DealLines) -> Any:
    """Change some fields of a line."""
    return await lines.update(deal_id, line_id, body)


@router.put("/{line_id}", response_model=DealLineOut, dependencies=[WRITE], responses=REFUSALS)
async def replace_deal_line(deal_id: UUID, line_id: UUID, body: DealLineIn, lines: DealLines) -> Any:
    """Replace all fields of a line."""
    return await lines.update(deal_id, line_id, body)


@router.delete("/{line_id}", status_code=204, dependencies=[WRITE], responses=REFUSALS)
async def delete_deal_line(deal_id: UUID, line_id: UUID, lines: DealLines) -> None:
    """Remove a line."""
    await lines.delete(deal_id, line_id)
