"""Rows of conversations: what was asked and answered, the events of each stream, and the tokens a business has used."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, Integer, func, text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.db.base import TenantRow
from libs.common.db.search import person_indexes, search_index
from services.analytics.db import Base


def _of_conversation() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["tenant_id", "conversation_id"],
        ["analytics.conversations.tenant_id", "analytics.conversations.id"],
        ondelete="CASCADE",
    )


class Conversation(TenantRow, Base):
    """What one person asks the assistant. `last_event` is the id of the newest event of its stream; ids have no gaps."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_created_at", "tenant_id", "user_id", "created_at", "id"),
        Index("ix_conversations_by_updated_at", "tenant_id", "user_id", "updated_at", "id"),
        Index("ix_conversations_by_title", "tenant_id", "user_id", "title", "id"),
        search_index("analytics", "conversations", "title", owner="user_id"),
        # What nobody has used for long, in all businesses.
        Index("ix_conversations_active_at", "active_at"),
        *person_indexes("analytics", "conversations", "user_id"),
    )

    user_id: Mapped[UUID]
    title: Mapped[str]
    system_prompt: Mapped[str | None]
    message_count: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    last_message_at: Mapped[datetime | None]
    active_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_event: Mapped[int] = mapped_column(default=0, server_default="0")


class Message(TenantRow, Base):
    """A question (role `user`) or its answer (role `assistant`, with `question_id`).

    A question is `answering` until `answering_until`, then `answered` or `failed`. `answer_id` is the id that its answer
    gets, known to the stream beforehand; `attempt` counts how often it was worked on.
    """

    __tablename__ = "conversation_messages"
    __table_args__ = (
        _of_conversation(),
        Index("ix_conversation_messages_created_at", "tenant_id", "conversation_id", "created_at", "id"),
        Index(
            "uq_conversation_messages_idempotency_key",
            "tenant_id",
            "conversation_id",
            "idempotency_key",
            unique=True,
        ),
        Index("uq_conversation_messages_question_id", "tenant_id", "question_id", unique=True),
        Index(
            "uq_conversation_messages_answering",
            "tenant_id",
            "conversation_id",
            unique=True,
            postgresql_where=text("status = 'answering'"),
        ),
        Index(
            "ix_conversation_messages_overdue",
            "answering_until",
            postgresql_where=text("status = 'answering'"),
        ),
        *person_indexes("analytics", "conversation_messages", "user_id"),
    )

    conversation_id: Mapped[UUID]
    user_id: Mapped[UUID]
    role: Mapped[str]
    status: Mapped[str]
    content: Mapped[str]
    figures: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    tool_calls: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    provider: Mapped[str | None]
    model: Mapped[str | None]
    input_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    output_tokens: Mapped[int] = mapped_column(default=0, server_default="0")
    degraded: Mapped[bool] = mapped_column(default=False, server_default="false")
    reason: Mapped[str | None]
    notice: Mapped[str | None]
    question_id: Mapped[UUID | None]
    answer_id: Mapped[UUID | None]
    tz: Mapped[str | None]
    attempt: Mapped[int] = mapped_column(Integer, default=1, server_default="1")
    answering_until: Mapped[datetime | None]
    idempotency_key: Mapped[str | None]
    request_hash: Mapped[bytes | None]

    @property
    def usage(self) -> dict[str, int]:
        """The tokens that a language model has counted."""
        total = self.input_tokens + self.output_tokens
        return {
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "total_tokens": total,
        }


class StreamEvent(Base):
    """One event of a conversation's stream; `seq` is its id there."""

    __tablename__ = "conversation_events"
    __table_args__ = (_of_conversation(), *person_indexes("analytics", "conversation_events", "user_id"))

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[UUID]
    message_id: Mapped[UUID]
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class TokenUsage(Base):
    """What a business has used of language models in a month (UTC): tokens set aside for answers under way included."""

    __tablename__ = "token_usages"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    tokens: Mapped[int] = mapped_column(default=0, server_default="0")
