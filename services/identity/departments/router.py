"""The HTTP side of departments."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed, StillReferenced
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.departments.schemas import (
    DepartmentCreate,
    DepartmentOut,
    DepartmentQuery,
    DepartmentUpdate,
)
from services.identity.deps import Departments

router = APIRouter(prefix="/tenants/{tenant_id}/departments", tags=["departments"])
READ, WRITE = allow("identity.departments.read"), allow("identity.departments.write")
CHANGED = problems(NotFound, PreconditionFailed, AlreadyExists)


@router.get("", response_model=Page[DepartmentOut], dependencies=[READ], responses=problems(NotFound))
async def list_departments(query: Annotated[DepartmentQuery, Query()], departments: Departments) -> Any:
    """List departments, newest first."""
    return await departments.list(query)


@router.post(
    "",
    response_model=DepartmentOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyExists),
)
async def create_department(body: DepartmentCreate, departments: Departments) -> Any:
    """Add a department."""
    return await departments.create(body)


@router.get(
    "/{department_id}", response_model=DepartmentOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_department(department_id: UUID, departments: Departments) -> Any:
    """Read one department."""
    return await departments.get(department_id)


@router.patch("/{department_id}", response_model=DepartmentOut, dependencies=[WRITE], responses=CHANGED)
async def update_department(department_id: UUID, body: DepartmentUpdate, departments: Departments) -> Any:
    """Change some fields of a department."""
    return await departments.update(department_id, body)


@router.put("/{department_id}", response_model=DepartmentOut, dependencies=[WRITE], responses=CHANGED)
async def replace_department(department_id: UUID, body: DepartmentCreate, departments: Departments) -> Any:
    """Replace all fields of a department."""
    return await departments.update(department_id, body)


@router.delete(
    "/{department_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, StillReferenced)
)
async def delete_department(department_id: UUID, departments: Departments) -> None:
    """Remove a department that nobody belongs to."""
    await departments.delete(department_id)
