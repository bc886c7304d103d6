"""Bodies and queries of members."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import EmailStr, Field

from libs.common.filters import Custom, ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

RoleCodes = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=60)]],
    Field(min_length=1, max_length=20, description="Codes of roles", examples=[["manager"]]),
]


class MemberAdd(Schema):
    """Somebody with an account who is to become a member."""

    email: EmailStr
    roles: RoleCodes
    department_id: UUID | None = None


class MemberUpdate(PatchSchema):
    """What to change of a membership."""

    roles: RoleCodes = Field(default_factory=list)
    department_id: UUID | None = None


class MemberOut(OutSchema):
    """A person who belongs to the business."""

    user_id: UUID
    email: str
    first_name: str
    last_name: str
    phone: str | None
    locale: str
    is_active: bool
    roles: list[str]
    department_id: UUID | None
    last_sign_in_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class MemberQuery(ListQuery):
    """How to list members; `q` looks at name and e-mail address."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("person_name", "person_email")

    role: Annotated[list[str] | None, Custom()] = None
    department_id: list[UUID] | None = None
    is_active: Annotated[bool | None, Custom()] = None
