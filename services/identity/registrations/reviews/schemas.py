"""Bodies and queries of rights to review that are handed on."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema, Schema


class DelegationCreate(Schema):
    """To whom of the staff to hand on one's right to review, and for how long."""

    to_user_id: UUID
    starts_at: AwareDatetime | None = Field(None, description="Now where absent")
    ends_at: AwareDatetime = Field(
        description="90 days from now at the latest", examples=["2026-05-05T18:00:00Z"]
    )
    reason: str | None = Field(None, min_length=1, max_length=500, examples=["On leave"])


class DelegationOut(OutSchema):
    """That somebody may review with another's right."""

    id: UUID
    from_user_id: UUID
    to_user_id: UUID
    starts_at: datetime
    ends_at: datetime
    reason: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class DelegationQuery(ListQuery):
    """How to list rights handed on."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("reason",)

    from_user_id: list[UUID] | None = None
    to_user_id: list[UUID] | None = None
