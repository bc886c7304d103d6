"""The HTTP side of roles and permissions."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import AlreadyExists, NotFound, PermissionDenied, PreconditionFailed
from libs.common.http.deps import Context, allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import Roles
from services.identity.roles.errors import RoleInUse, SystemRoleFixed, UnknownPermission
from services.identity.roles.schemas import (
    PermissionList,
    PermissionOut,
    RoleCreate,
    RoleOut,
    RoleQuery,
    RoleReplace,
    RoleUpdate,
)
from services.identity.roles.vocabulary import Vocabulary

router = APIRouter(tags=["roles"])
READ, WRITE = allow("identity.roles.read"), allow("identity.roles.write")
CHANGED = problems(NotFound, PermissionDenied, PreconditionFailed, SystemRoleFixed, UnknownPermission)


@router.get("/permissions", response_model=PermissionList, dependencies=[READ])
async def list_permissions(context: Context) -> Any:
    """List the permissions that roles can hold, with what each opens."""
    found = await Vocabulary.of(context).all()
    return {"items": [PermissionOut.model_validate(permission) for permission in found]}


@router.get("/roles", response_model=Page[RoleOut], dependencies=[READ])
async def list_roles(query: Annotated[RoleQuery, Query()], roles: Roles) -> Any:
    """List the roles of the platform and one's own, newest first."""
    return await roles.list(query)


@router.post(
    "/roles",
    response_model=RoleOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(AlreadyExists, PermissionDenied, UnknownPermission),
)
async def create_role(body: RoleCreate, roles: Roles) -> Any:
    """Make a role out of permissions that one holds oneself."""
    return await roles.create(body)


@router.get("/roles/{role_id}", response_model=RoleOut, dependencies=[READ], responses=problems(NotFound))
async def get_role(role_id: UUID, roles: Roles) -> Any:
    """Read one role."""
    return await roles.get(role_id)


@router.patch("/roles/{role_id}", response_model=RoleOut, dependencies=[WRITE], responses=CHANGED)
async def update_role(role_id: UUID, body: RoleUpdate, roles: Roles) -> Any:
    """Change some fields of a role of one's own."""
    return await roles.update(role_id, body)


@router.put("/roles/{role_id}", response_model=RoleOut, dependencies=[WRITE], responses=CHANGED)
async def replace_role(role_id: UUID, body: RoleReplace, roles: Roles) -> Any:
    """Replace all fields of a role of one's own."""
    return await roles.update(role_id, body)


@router.delete(
    "/roles/{role_id}",
    status_code=204,
    dependencies=[WRITE],
    responses=problems(NotFound, RoleInUse, SystemRoleFixed),
)
async def delete_role(role_id: UUID, roles: Roles) -> None:
    """Remove a role of one's own that nobody holds."""
    await roles.delete(role_id)
