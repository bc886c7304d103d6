"""The events of a conversation's stream, written in the transaction of what they tell of.

Ids are given under the lock of the conversation's row, so they have no gaps, never begin anew, and become visible in
their order.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.conversations.models import Conversation, Message, StreamEvent
from services.analytics.conversations.schemas import MessageOut


def tell(
    uow: UnitOfWork, conversation: Conversation, message_id: UUID, kind: str, data: dict[str, Any]
) -> None:
    """Add an event. The row of the conversation must be locked."""
    conversation.last_event += 1
    uow.session.add(
        StreamEvent(
            tenant_id=conversation.tenant_id,
            conversation_id=conversation.id,
            seq=conversation.last_event,
            user_id=conversation.user_id,
            message_id=message_id,
            type=kind,
            data=data,
            created_at=uow.now,
        )
    )


def tell_message(uow: UnitOfWork, conversation: Conversation, kind: str, message: Message) -> None:
    """Add an event that shows a message."""
    shown = MessageOut.model_validate(message).model_dump(mode="json")
    tell(uow, conversation, message.id, kind, shown)


async def events_after(uow: UnitOfWork, conversation_id: UUID, seq: int, limit: int) -> list[StreamEvent]:
    """The events after an id, in order."""
    statement = (
        select(StreamEvent)
        .where(
            StreamEvent.tenant_id == uow.tenant_id,
            StreamEvent.conversation_id == conversation_id,
            StreamEvent.seq > seq,
        )
        .order_by(StreamEvent.seq)
        .limit(limit)
    )
    return list((await uow.session.scalars(statement)).all())


async def before_newest_question(uow: UnitOfWork, conversation: Conversation) -> int:
    """The id of the event before the newest question, from which its answer can be followed."""
    statement = (
        select(StreamEvent.seq)
        .where(
            StreamEvent.tenant_id == uow.tenant_id,
            StreamEvent.conversation_id == conversation.id,
            StreamEvent.type == "question",
        )
        .order_by(StreamEvent.seq.desc())
        .limit(1)
    )
    found = await uow.session.scalar(statement)
    return conversation.last_event if found is None else found - 1
