"""The HTTP side of pipelines."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deps import Pipelines
from services.crm.pipelines.errors import PipelineInUse
from services.crm.pipelines.schemas import (
    PipelineCreate,
    PipelineOut,
    PipelineQuery,
    PipelineReplace,
    PipelineUpdate,
)
from services.crm.stages.errors import StageInUse

router = APIRouter(prefix="/pipelines", tags=["pipelines"])
READ, WRITE = allow("crm.pipelines.read"), allow("crm.pipelines.write", active=True)


@router.get("", response_model=Page[PipelineOut], dependencies=[READ])
async def list_pipelines(query: Annotated[PipelineQuery, Query()], pipelines: Pipelines) -> Any:
    """List pipelines, in order."""
    return await pipelines.list(query)


@router.post(
    "", response_model=PipelineOut, status_code=201, dependencies=[WRITE], responses=problems(AlreadyExists)
)
async def create_pipeline(body: PipelineCreate, pipelines: Pipelines) -> Any:
    """Add a pipeline."""
    return await pipelines.create(body)


@router.get("/{pipeline_id}", response_model=PipelineOut, dependencies=[READ], responses=problems(NotFound))
async def get_pipeline(pipeline_id: UUID, pipelines: Pipelines) -> Any:
    """Read one pipeline; its `ETag` can be sent back as `If-Match`."""
    return await pipelines.get(pipeline_id)


@router.patch(
    "/{pipeline_id}",
    response_model=PipelineOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, PreconditionFailed),
)
async def update_pipeline(pipeline_id: UUID, body: PipelineUpdate, pipelines: Pipelines) -> Any:
    """Change some fields of a pipeline."""
    return await pipelines.update(pipeline_id, body)


@router.put(
    "/{pipeline_id}",
    response_model=PipelineOut,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists, StageInUse, PreconditionFailed),
)
async def replace_pipeline(pipeline_id: UUID, body: PipelineReplace, pipelines: Pipelines) -> Any:
    """Replace all fields of a pipeline, and its stages where they are sent.

    Stages are told apart by their names: one that is there already keeps its deals.
    """
    return await pipelines.update(pipeline_id, body)


@router.delete(
    "/{pipeline_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, PipelineInUse)
)
async def delete_pipeline(pipeline_id: UUID, pipelines: Pipelines) -> None:
    """Remove a pipeline; its history stays."""
    await pipelines.delete(pipeline_id)
