"""The jobs of conversations."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, select, tuple_

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from libs.common.runtime.context import ServiceContext
from services.analytics.conversations.models import Conversation, Message
from services.analytics.conversations.recording import INTERRUPTED, fail

_BATCH = 200


def _overdue(now: Any) -> Select[UUID, UUID, UUID]:
    return select(Message.tenant_id, Message.conversation_id, Message.id).where(
        Message.status == "answering", Message.answering_until < now
    )


def _finds(context: ServiceContext, now: ColumnElement[datetime]) -> Select[Any]:
    return select(Message.id).where(Message.status == "answering", Message.answering_until < now)


async def fail_interrupted_questions(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Note that questions whose answering was cut off were not answered, so that who follows them learns of it."""
    found = (await uow.session.execute(_overdue(uow.now).limit(_BATCH))).all()
    for tenant_id, conversation_id, message_id in found:
        async with uow.context.unit_of_work(tenant_id=tenant_id) as one:
            mine = select(Conversation).where(
                Conversation.tenant_id == tenant_id, Conversation.id == conversation_id
            )
            conversation = (await one.session.scalars(mine.with_for_update())).one_or_none()
            question = await one.session.get(Message, (tenant_id, message_id))
            if conversation is None or question is None or question.status != "answering":
                continue
            if question.answering_until is not None and question.answering_until < one.now:
                fail(one, conversation, question, INTERRUPTED)


async def remove_old_conversations(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Remove conversations that nobody has used for long, with what was said in them."""
    before = uow.now - timedelta(days=uow.context.settings.assistant_retention_days)
    keys = tuple_(Conversation.tenant_id, Conversation.id)
    old = (
        select(Conversation.tenant_id, Conversation.id)
        .where(Conversation.active_at < before)
        .order_by(Conversation.active_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    while True:
        async with uow.context.unit_of_work(platform=True) as batch:
            gone = (
                await batch.session.execute(
                    delete(Conversation).where(keys.in_(old)).returning(Conversation.id)
                )
            ).all()
        if len(gone) < _BATCH:
            return


JOBS = (
    Job("fail_interrupted_questions", fail_interrupted_questions, every=15, finds=_finds),
    Job("remove_old_conversations", remove_old_conversations, every=3600),
)
