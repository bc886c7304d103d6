"""The HTTP side of facts: building them anew."""

from typing import Any

from fastapi import APIRouter

from libs.common.http.deps import Uow, allow
from libs.common.schema import OutSchema

router = APIRouter(prefix="/analytics", tags=["analytics"])


class RebuildOut(OutSchema):
    """That a rebuild was asked for."""

    status: str


@router.post(
    "/rebuild", response_model=RebuildOut, status_code=202, dependencies=[allow("analytics.facts.rebuild")]
)
async def rebuild_facts(uow: Uow) -> Any:
    """Build all figures of the business anew from its archived events; they stay readable meanwhile."""
    uow.audit("rebuilt", "facts", uow.tenant_id)
    uow.defer("rebuild_facts", key=str(uow.tenant_id))
    return {"status": "queued"}
