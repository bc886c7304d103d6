"""The HTTP side of projects."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.deps import Projects
from services.crm.projects.errors import DueBeforeStart
from services.crm.projects.schemas import ProjectCreate, ProjectOut, ProjectQuery, ProjectUpdate

router = APIRouter(prefix="/projects", tags=["projects"])
READ, WRITE = allow("crm.projects.read"), allow("crm.projects.write", active=True)


@router.get("", response_model=Page[ProjectOut], dependencies=[READ])
async def list_projects(query: Annotated[ProjectQuery, Query()], projects: Projects) -> Any:
    """List projects, newest first."""
    return await projects.list(query)


@router.post("", response_model=ProjectOut, status_code=201, dependencies=[WRITE])
async def create_project(body: ProjectCreate, projects: Projects) -> Any:
    """Add a project."""
    return await projects.create(body)


@router.get("/{project_id}", response_model=ProjectOut, dependencies=[READ], responses=problems(NotFound))
async def get_project(project_id: UUID, projects: Projects) -> Any:
    """Read one project; its `ETag` can be sent back as `If-Match`."""
    return await projects.get(project_id)


@router.patch(
    "/{project_id}",
    response_model=ProjectOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, DueBeforeStart),
)
async def update_project(project_id: UUID, body: ProjectUpdate, projects: Projects) -> Any:
    """Change some fields of a project."""
    return await projects.update(project_id, body)


@router.put(
    "/{project_id}",
    response_model=ProjectOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed, DueBeforeStart),
)
async def replace_project(project_id: UUID, body: ProjectCreate, projects: Projects) -> Any:
    """Replace all fields of a project."""
    return await projects.update(project_id, body)


@router.delete("/{project_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_project(project_id: UUID, projects: Projects) -> None:
    """Remove a project; its history stays."""
    await projects.delete(project_id)
