"""Bodies and queries of notices."""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field, model_validator

from libs.common.filters import Custom, ListQuery
from libs.common.schema import OutSchema


class NoticeObject(OutSchema):
    """What a notice is about."""

    type: str = Field(examples=["deal"])
    id: str


class NoticeOut(OutSchema):
    """An entry of the inbox."""

    id: UUID
    seq: int = Field(description="The id of its event on the stream")
    type: str = Field(examples=["task_assigned"])
    title: str
    body: str
    link: str | None = Field(description="Where a frontend shows the thing, relative to itself")
    object: NoticeObject | None
    read_at: datetime | None
    archived_at: datetime | None
    created_at: datetime

    @model_validator(mode="before")
    @classmethod
    def _join_object(cls, row: Any) -> Any:
        if isinstance(row, dict):
            return row
        about = {"type": row.object_type, "id": row.object_id} if row.object_type else None
        return {name: getattr(row, name) for name in cls.model_fields if name != "object"} | {"object": about}


class NoticeQuery(ListQuery):
    """How to list one's notices; archived ones are left out unless asked for."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("title", "body")

    type: list[str] | None = None
    unread: Annotated[bool | None, Custom()] = None
    archived: Annotated[bool, Custom()] = False


class UnreadCount(OutSchema):
    """How many notices wait to be read."""

    unread: int


class ReadCount(OutSchema):
    """How many notices were marked as read."""

    read: int
