"""The HTTP side of usage."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from libs.common.errors import TenantRequired
from libs.common.http.deps import allow, internal, provide_platform
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.usage.schemas import UsageClaimIn, UsageClaimOut, UsageOut
from services.identity.usage.service import UsageService

router = APIRouter(tags=["plans"])
Usage = Annotated[UsageService, Depends(provide_platform(UsageService), scope="function")]


@router.get(
    "/usage",
    response_model=Page[UsageOut],
    dependencies=[allow("identity.subscription.read")],
    responses=problems(TenantRequired),
)
async def list_usage(usage: Usage) -> Any:
    """List how much the business acted in uses of what its plan allows: now, or (`quota`) in this calendar month."""
    return {"items": await usage.list(), "next_cursor": None}


@router.post(
    "/internal/usage", response_model=UsageClaimOut, dependencies=[internal()], include_in_schema=False
)
async def claim_usage(body: UsageClaimIn, usage: Usage) -> Any:
    """Count something done in the business acted in; the same key counts once."""
    return await usage.claim(body)


@router.delete("/internal/usage/{key}", status_code=204, dependencies=[internal()], include_in_schema=False)
async def take_back_usage(key: UUID, usage: Usage) -> None:
    """Count something no more, since it failed."""
    await usage.take_back(key)
