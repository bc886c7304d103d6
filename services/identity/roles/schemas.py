"""Bodies and queries of roles."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

Permission = Annotated[
    str,
    Field(
        max_length=120,
        pattern=r"^(\*|[a-z_]+(\.[a-z_]+){0,2}\.\*|[a-z_]+(\.[a-z_]+){1,3})$",
        description="`<service>.<resource>.<verb>`, or the beginning of one and `.*`",
        examples=["catalog.products.read"],
    ),
]
Permissions = Annotated[list[Permission], Field(max_length=500)]
RoleName = Annotated[str, Field(min_length=1, max_length=100, examples=["Shop floor"])]
RoleCode = Annotated[str, Field(pattern="^[a-z][a-z0-9-]{0,58}[a-z0-9]$", examples=["shop-floor"])]


class RoleCreate(Schema):
    """A new role of one's own."""

    code: RoleCode = Field(description="For good")
    name: RoleName
    description: str | None = Field(None, max_length=500)
    permissions: Permissions


class RoleUpdate(PatchSchema):
    """The fields to change."""

    name: RoleName = ""
    description: str | None = Field(None, max_length=500)
    permissions: Permissions = Field(default_factory=list)


class RoleReplace(Schema):
    """All fields that can be changed; the code may be repeated."""

    code: RoleCode | None = None
    name: RoleName
    description: str | None = Field(None, max_length=500)
    permissions: Permissions


class RoleOut(OutSchema):
    """A role. System roles are the same for everyone and cannot be changed."""

    id: UUID
    code: str
    name: str
    description: str | None
    permissions: list[str]
    is_system: bool
    scope: str = Field(description="`platform` (operator's staff), `tenant` or `guest`")
    version: int
    created_at: datetime
    updated_at: datetime


class RoleQuery(ListQuery):
    """How to list roles."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "code")
    searchable: ClassVar[tuple[str, ...]] = ("code", "name")

    is_system: bool | None = None
    code: list[str] | None = None


class PermissionOut(OutSchema):
    """One permission that routes ask for."""

    code: str
    service: str
    description: str


class PermissionList(Schema):
    """The permissions of all services that can be reached."""

    items: list[PermissionOut]
    next_cursor: None = None
