"""The HTTP side of stages."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deps import Stages
from services.crm.stages.errors import StageInUse, StageNeeded
from services.crm.stages.schemas import StageCreate, StageOut, StageQuery, StageReplace, StageUpdate

router = APIRouter(prefix="/stages", tags=["stages"])
READ, WRITE = allow("crm.stages.read"), allow("crm.stages.write", active=True)


@router.get("", response_model=Page[StageOut], dependencies=[READ])
async def list_stages(query: Annotated[StageQuery, Query()], stages: Stages) -> Any:
    """List stages, in order."""
    return await stages.list(query)


@router.post(
    "", response_model=StageOut, status_code=201, dependencies=[WRITE], responses=problems(AlreadyExists)
)
async def create_stage(body: StageCreate, stages: Stages) -> Any:
    """Add a stage."""
    return await stages.create(body)


@router.get("/{stage_id}", response_model=StageOut, dependencies=[READ], responses=problems(NotFound))
async def get_stage(stage_id: UUID, stages: Stages) -> Any:
    """Read one stage; its `ETag` can be sent back as `If-Match`."""
    return await stages.get(stage_id)


@router.patch(
    "/{stage_id}",
    response_model=StageOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, StageNeeded, PreconditionFailed),
)
async def update_stage(stage_id: UUID, body: StageUpdate, stages: Stages) -> Any:
    """Change some fields of a stage."""
    return await stages.update(stage_id, body)


@router.put(
    "/{stage_id}",
    response_model=StageOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, StageNeeded, PreconditionFailed),
)
async def replace_stage(stage_id: UUID, body: StageReplace, stages: Stages) -> Any:
    """Replace all fields of a stage."""
    return await stages.update(stage_id, body)


@router.delete(
    "/{stage_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, StageInUse, StageNeeded),
)
async def delete_stage(stage_id: UUID, stages: Stages) -> None:
    """Remove a stage; its history stays."""
    await stages.delete(stage_id)
