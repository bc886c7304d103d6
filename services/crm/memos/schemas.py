"""Bodies and queries of memos."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import Custom, ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema
from services.crm.values import Name

MemoText = Annotated[str, Field(min_length=1, max_length=50_000)]
RecipientIds = Annotated[
    list[UUID], Field(min_length=1, max_length=1000, description="The colleagues it is for")
]


class MemoCreate(Schema):
    """A new memo; also the whole of it in a PUT. Without recipients it is for everybody who works here now."""

    name: Name
    text: MemoText
    recipient_ids: RecipientIds | None = None


class MemoUpdate(PatchSchema):
    """The fields to change; one that is absent stays."""

    name: Name = Field(default_factory=str)
    text: MemoText = Field(default_factory=str)
    recipient_ids: RecipientIds = Field(default_factory=list)


class RecipientOut(OutSchema):
    """One whom a memo is for."""

    user_id: UUID
    read_at: datetime | None


class MemoOut(OutSchema):
    """A memo with its receipts."""

    id: UUID
    name: str
    text: str
    author_id: UUID | None
    author_name: str
    recipients: list[RecipientOut]
    version: int
    created_at: datetime
    updated_at: datetime


class MemoQuery(ListQuery):
    """How to list memos."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "updated_at")
    searchable: ClassVar[tuple[str, ...]] = ("name", "text")

    author_id: list[UUID] | None = None
    recipient_id: Annotated[
        list[UUID] | None, Custom(), Field(description="Colleagues of whom they are for one")
    ] = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None
