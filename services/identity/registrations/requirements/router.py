"""The HTTP side of requirements."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import AlreadyExists, NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import provide_in_operator
from services.identity.registrations.requirements.schemas import (
    RequirementCreate,
    RequirementOut,
    RequirementQuery,
    RequirementReplace,
    RequirementUpdate,
)
from services.identity.registrations.requirements.service import RequirementService

router = APIRouter(prefix="/registration-requirements", tags=["registration requirements"])
READ, WRITE = allow("identity.registration_rules.read"), allow("identity.registration_rules.write")
Requirements = Annotated[
    RequirementService, Depends(provide_in_operator(RequirementService), scope="function")
]
CHANGED = problems(NotFound, PreconditionFailed, AlreadyExists)


@router.get("", response_model=Page[RequirementOut], dependencies=[READ])
async def list_registration_requirements(
    query: Annotated[RequirementQuery, Query()], requirements: Requirements
) -> Any:
    """List what applications need, newest first."""
    return await requirements.list(query)


@router.post(
    "",
    response_model=RequirementOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(AlreadyExists),
)
async def create_registration_requirement(body: RequirementCreate, requirements: Requirements) -> Any:
    """Require a document, a field or a check; of those with one code the most specific counts."""
    return await requirements.create(body)


@router.get(
    "/{requirement_id}", response_model=RequirementOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_registration_requirement(requirement_id: UUID, requirements: Requirements) -> Any:
    """Read one requirement."""
    return await requirements.get(requirement_id)


@router.patch("/{requirement_id}", response_model=RequirementOut, dependencies=[WRITE], responses=CHANGED)
async def update_registration_requirement(
    requirement_id: UUID, body: RequirementUpdate, requirements: Requirements
) -> Any:
    """Change some fields of a requirement."""
    return await requirements.update(requirement_id, body)


@router.put("/{requirement_id}", response_model=RequirementOut, dependencies=[WRITE], responses=CHANGED)
async def replace_registration_requirement(
    requirement_id: UUID, body: RequirementReplace, requirements: Requirements
) -> Any:
    """Replace a requirement, except its code."""
    return await requirements.update(requirement_id, body)


@router.delete("/{requirement_id}", status_code=204, dependencies=[WRITE], responses=CHANGED)
async def delete_registration_requirement(requirement_id: UUID, requirements: Requirements) -> None:
    """Remove a requirement. What was handed in for it stays."""
    await requirements.delete(requirement_id)
