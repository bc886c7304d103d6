"""Bodies and queries of chat."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from libs.common.filters import Column, ListQuery
from libs.common.schema import OutSchema, PatchSchema, Schema

ObjectType = Annotated[str, Field(pattern="^[a-z][a-z_]{0,39}$", examples=["deal"])]
MessageText = Annotated[str, Field(min_length=1, max_length=10_000)]
Mentions = Annotated[list[UUID], Field(max_length=100, description="Colleagues to be told")]


class MessageCreate(Schema):
    """A new message on an object."""

    object_type: ObjectType
    object_id: UUID
    text: MessageText
    mentions: Mentions = Field(default_factory=list)


class MessageReplace(Schema):
    """The whole of a message in a PUT; what it is on may be repeated."""

    object_type: ObjectType | None = None
    object_id: UUID | None = None
    text: MessageText
    mentions: Mentions = Field(default_factory=list)


class MessageUpdate(PatchSchema):
    """The fields to change; one that is absent stays."""

    text: MessageText = Field(default_factory=str)
    mentions: Mentions = Field(default_factory=list)


class MessageOut(OutSchema):
    """A message."""

    id: UUID
    thread_id: UUID
    object_type: str
    object_id: UUID
    author_id: UUID | None = Field(description="Null where the system wrote it")
    author_name: str
    text: str
    mentions: list[UUID]
    is_read: bool = Field(description="Whether the caller has read it, or wrote it")
    edited_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class MessageQuery(ListQuery):
    """How to list messages."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("text",)

    thread_id: list[UUID] | None = None
    object_type: list[ObjectType] | None = None
    object_id: list[UUID] | None = None
    author_id: list[UUID] | None = None
    created_at_from: datetime | None = None
    created_at_to: datetime | None = None


class ObjectMessageQuery(ListQuery):
    """How to list the messages on one object."""

    orderable: ClassVar[tuple[str, ...]] = ("created_at",)
    searchable: ClassVar[tuple[str, ...]] = ("text",)

    type: Annotated[ObjectType, Column("object_type")]
    id: Annotated[UUID, Column("object_id")]


class ThreadOut(OutSchema):
    """The conversation on one object."""

    id: UUID
    object_type: str
    object_id: UUID
    message_count: int
    unread_count: int = Field(
        description="Messages of others that the caller has not read, of the newest 1,000 of the thread"
    )
    last_message_at: datetime
    created_at: datetime


class ThreadQuery(ListQuery):
    """How to list threads.

    A thread has no words of its own, so `q` is the kind or the id of what it is about; messages are searched in theirs.
    """

    orderable: ClassVar[tuple[str, ...]] = ("created_at", "last_message_at")
    default_order: ClassVar[str] = "-last_message_at"
    named_by: ClassVar[tuple[str, ...]] = ("object_type", "object_id")

    object_type: list[ObjectType] | None = None
    object_id: list[UUID] | None = None
