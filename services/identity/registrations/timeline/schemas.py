"""The timeline as it is shown."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import ListQuery
from libs.common.schema import OutSchema


class TimelineOut(OutSchema):
    """Something that happened to an application."""

    id: UUID
    kind: str = Field(examples=["submitted"])
    actor: str | None = Field(description="Who did it; the applicant is not told who of the staff")
    on_behalf_of_id: UUID | None = Field(description="Whose right was used, where it was another's")
    message: str | None
    data: dict[str, Any]
    is_public: bool = Field(description="Whether the applicant sees it")
    created_at: datetime


class TimelineQuery(ListQuery):
    """How to list what happened."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("kind", "message")

    kind: Annotated[list[str] | None, Field(max_length=20)] = None
