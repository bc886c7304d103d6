"""The HTTP side of tasks."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import InvalidTransition, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deps import Tasks
from services.crm.tasks.schemas import DealTaskCreate, TaskCreate, TaskOut, TaskQuery, TaskUpdate

router = APIRouter(tags=["tasks"])
READ, WRITE = allow("crm.tasks.read"), allow("crm.tasks.write", active=True)


@router.get("/tasks", response_model=Page[TaskOut], dependencies=[READ])
async def list_tasks(query: Annotated[TaskQuery, Query()], tasks: Tasks) -> Any:
    """List tasks, newest first."""
    return await tasks.list(query)


@router.post("/tasks", response_model=TaskOut, status_code=201, dependencies=[WRITE])
async def create_task(body: TaskCreate, tasks: Tasks) -> Any:
    """Add a task."""
    return await tasks.create(body)


@router.get("/tasks/{task_id}", response_model=TaskOut, dependencies=[READ], responses=problems(NotFound))
async def get_task(task_id: UUID, tasks: Tasks) -> Any:
    """Read one task; its `ETag` can be sent back as `If-Match`."""
    return await tasks.get(task_id)


@router.patch(
    "/tasks/{task_id}",
    response_model=TaskOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def update_task(task_id: UUID, body: TaskUpdate, tasks: Tasks) -> Any:
    """Change some fields of a task."""
    return await tasks.update(task_id, body)


@router.put(
    "/tasks/{task_id}",
    response_model=TaskOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_task(task_id: UUID, body: TaskCreate, tasks: Tasks) -> Any:
    """Replace all fields of a task."""
    return await tasks.update(task_id, body)


@router.delete("/tasks/{task_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_task(task_id: UUID, tasks: Tasks) -> None:
    """Remove a task; its history stays."""
    await tasks.delete(task_id)


@router.post(
    "/tasks/{task_id}/complete",
    response_model=TaskOut,
    dependencies=[WRITE],
    responses=problems(NotFound, InvalidTransition, PreconditionFailed),
)
async def complete_task(task_id: UUID, tasks: Tasks) -> Any:
    """Mark a task as done."""
    return await tasks.complete(task_id)


@router.post(
    "/deals/{deal_id}/tasks",
    response_model=TaskOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound),
)
async def create_deal_task(deal_id: UUID, body: DealTaskCreate, tasks: Tasks) -> Any:
    """Add a task for a deal; it carries the deal's products."""
    return await tasks.create_for_deal(deal_id, body)
