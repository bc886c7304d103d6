"""The HTTP side of users."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PlanLimitReached, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.identity.auth.errors import EmailTaken
from services.identity.deps import Users
from services.identity.members.errors import LastOwner, ManagedElsewhere
from services.identity.members.schemas import MemberQuery
from services.identity.passwords.policy import WeakPassword
from services.identity.roles.errors import UnknownRole
from services.identity.users.schemas import UserCreate, UserOut, UserReplace, UserUpdate

READ, WRITE = allow("identity.users.read"), allow("identity.users.write")
CHANGED = problems(NotFound, PreconditionFailed, UnknownRole, LastOwner, ManagedElsewhere, PlanLimitReached)

router = APIRouter(prefix="/users", tags=["users"])


@router.get("", response_model=Page[UserOut], dependencies=[READ])
async def list_users(query: Annotated[MemberQuery, Query()], users: Users) -> Any:
    """List the people of the business, newest first."""
    return await users.list(query)


@router.post(
    "",
    response_model=UserOut,
    status_code=201,
    dependencies=[WRITE],
    responses=problems(NotFound, EmailTaken, WeakPassword, UnknownRole, PlanLimitReached),
)
async def create_user(body: UserCreate, users: Users) -> Any:
    """Make an account for somebody, in roles that the caller may give."""
    return await users.create(body)


@router.get("/{user_id}", response_model=UserOut, dependencies=[READ], responses=problems(NotFound))
async def get_user(user_id: UUID, users: Users) -> Any:
    """Read one person of the business."""
    return await users.get(user_id)


@router.patch("/{user_id}", response_model=UserOut, dependencies=[WRITE], responses=CHANGED)
async def update_user(user_id: UUID, body: UserUpdate, users: Users) -> Any:
    """Change some fields of a person's account, or the roles held here."""
    return await users.update(user_id, body)


@router.put("/{user_id}", response_model=UserOut, dependencies=[WRITE], responses=CHANGED)
async def replace_user(user_id: UUID, body: UserReplace, users: Users) -> Any:
    """Replace all fields of a person's account, and the roles held here."""
    return await users.update(user_id, body)


@router.delete("/{user_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, LastOwner))
async def delete_user(user_id: UUID, users: Users) -> None:
    """End a person's membership; the account stays, since it may belong elsewhere too."""
    await users.delete(user_id)
