"""The HTTP side of members."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PlanLimitReached
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.deps import Members
from services.identity.members.errors import AlreadyMember, LastOwner
from services.identity.members.schemas import MemberAdd, MemberOut, MemberQuery, MemberUpdate
from services.identity.roles.errors import UnknownRole

router = APIRouter(prefix="/tenants/{tenant_id}/members", tags=["members"])
READ, WRITE = allow("identity.members.read"), allow("identity.members.write")


@router.get("", response_model=Page[MemberOut], dependencies=[READ], responses=problems(NotFound))
async def list_members(query: Annotated[MemberQuery, Query()], members: Members) -> Any:
    """List who belongs to a business, newest first."""
    return await members.list(query)


@router.post(
    "",
    response_model=MemberOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, AlreadyMember, UnknownRole, PlanLimitReached),
)
async def add_member(body: MemberAdd, members: Members) -> Any:
    """Make somebody who has an account a member, in roles that the caller may give."""
    return await members.add(body)


@router.get("/{user_id}", response_model=MemberOut, dependencies=[READ], responses=problems(NotFound))
async def get_member(user_id: UUID, members: Members) -> Any:
    """Read one membership."""
    return await members.get(user_id)


@router.patch(
    "/{user_id}",
    response_model=MemberOut,
    dependencies=[WRITE],
    responses=problems(NotFound, LastOwner, UnknownRole, PlanLimitReached),
)
async def update_member(user_id: UUID, body: MemberUpdate, members: Members) -> Any:
    """Change the roles or the department of a member."""
    return await members.update(user_id, body)


@router.delete("/{user_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, LastOwner))
async def remove_member(user_id: UUID, members: Members) -> None:
    """End a membership; the account stays."""
    await members.remove(user_id)
