"""Rows of chat: threads, their members with what they have read, and messages."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import SoftDeleted, TenantRow, list_indexes
from libs.common.db.search import person_indexes, search_index
from services.crm.db import Base


class Thread(TenantRow, Base):
    """The conversation on one object, be it of this service or another."""

    __tablename__ = "chat_threads"
    __table_args__ = (
        *list_indexes(
            "chat_threads",
            "object_type",
            "object_id",
            order=("last_message_at",),
            unique=(("object_type", "object_id"),),
        ),
    )

    object_type: Mapped[str]
    object_id: Mapped[UUID]
    message_count: Mapped[int] = mapped_column(default=0)
    last_message_at: Mapped[datetime]


class ThreadMember(Base):
    """Somebody who is told of what is written in a thread, and up to where he has read it."""

    __tablename__ = "chat_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "thread_id"], ["crm.chat_threads.tenant_id", "crm.chat_threads.id"]
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    # Whether he is told of new messages; one who only read is not.
    is_told: Mapped[bool]
    read_at: Mapped[datetime | None]


class Message(TenantRow, SoftDeleted, Base):
    """One message. The system writes some itself; these have no author id."""

    __tablename__ = "chat_messages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "thread_id"], ["crm.chat_threads.tenant_id", "crm.chat_threads.id"]
        ),
        Index("ix_chat_messages_object", "tenant_id", "object_type", "object_id", "created_at", "id"),
        *list_indexes("chat_messages", "thread_id", "author_id", "object_type", "object_id"),
        search_index("crm", "chat_messages", "text"),
        *person_indexes("crm", "chat_messages", "author_id"),
    )

    thread_id: Mapped[UUID]
    object_type: Mapped[str]
    object_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    author_name: Mapped[str]
    text: Mapped[str]
    mentions: Mapped[list[str]] = mapped_column(default=list)
    edited_at: Mapped[datetime | None]
