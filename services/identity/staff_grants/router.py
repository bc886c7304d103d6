"""The HTTP side of grants to staff."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from libs.common.errors import NotFound, PermissionDenied, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import VOCABULARY, provide_in_path_tenant
from services.identity.roles.errors import UnknownPermission
from services.identity.staff_grants.schemas import StaffGrantCreate, StaffGrantOut, StaffGrantQuery
from services.identity.staff_grants.service import StaffGrantService

router = APIRouter(prefix="/tenants/{tenant_id}/staff-grants", tags=["staff grants"])
READ, WRITE = allow("identity.staff_grants.read"), allow("identity.staff_grants.write")
Grants = Annotated[StaffGrantService, Depends(provide_in_path_tenant(StaffGrantService), scope="function")]


@router.get("", response_model=Page[StaffGrantOut], dependencies=[READ], responses=problems(NotFound))
async def list_staff_grants(query: Annotated[StaffGrantQuery, Query()], grants: Grants) -> Any:
    """List whom of the operator's staff may act in the business now, newest first."""
    return await grants.list(query)


@router.post(
    "",
    response_model=StaffGrantOut,
    status_code=201,
    dependencies=[WRITE, VOCABULARY],
    responses=problems(NotFound, PermissionDenied, UnknownPermission),
)
async def create_staff_grant(body: StaffGrantCreate, grants: Grants) -> Any:
    """Let somebody of the operator's staff act in the business for a time. It is written in both audit logs."""
    return await grants.give(body)


@router.get("/{grant_id}", response_model=StaffGrantOut, dependencies=[READ], responses=problems(NotFound))
async def get_staff_grant(grant_id: UUID, grants: Grants) -> Any:
    """Read one grant."""
    return await grants.get(grant_id)


@router.delete(
    "/{grant_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, PreconditionFailed)
)
async def revoke_staff_grant(grant_id: UUID, grants: Grants) -> None:
    """End a grant before its time; it ends everywhere at once."""
    await grants.revoke(grant_id)
