"""Bodies and queries of grants to staff."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AwareDatetime, EmailStr, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, Schema
from services.identity.roles.schemas import Permission


class StaffGrantCreate(Schema):
    """Whom of the staff to let in, why, and until when."""

    email: EmailStr = Field(description="The address of somebody of the operator's staff")
    reason: str = Field(min_length=3, max_length=500, examples=["Ticket 4711: stock does not add up"])
    expires_at: AwareDatetime = Field(
        description="30 days from now at the latest", examples=["2026-05-05T18:00:00Z"]
    )
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=100)] | None = Field(
        None,
        description="What it opens at most, none that its maker lacks; by default all that its maker may. "
        "Beyond the person's own roles it opens nothing",
    )


class StaffGrantOut(OutSchema):
    """That somebody of the staff may act in the business."""

    id: UUID
    user_id: UUID
    email: str
    reason: str
    permissions: list[str]
    granted_by_id: UUID | None
    expires_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime


class StaffGrantQuery(ListQuery):
    """How to list grants to staff."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("email", "reason")

    user_id: list[UUID] | None = None
