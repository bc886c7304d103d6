"""Asking: the question is written down, answered apart from the request, and waited for."""

import asyncio
from typing import Any
from uuid import UUID

from libs.common.actor import Actor
from libs.common.errors import NotFound
from libs.common.failpoints import failpoint
from libs.common.runtime.context import ServiceContext
from services.analytics.assistant.assistant import assistant_of
from services.analytics.conversations import token_budget
from services.analytics.conversations.errors import AnswerFailed
from services.analytics.conversations.models import Message
from services.analytics.conversations.recording import record_question
from services.analytics.conversations.repository import MessageRepository
from services.analytics.conversations.schemas import AskIn, AskOut, MessageOut

_LOOK_SECONDS = 0.2
_NOTHING: dict[str, Any] = {
    "answer": None,
    "figures": [],
    "provider": None,
    "model": None,
    "degraded": False,
    "reason": None,
    "notice": None,
    "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0},
}


async def ask(
    context: ServiceContext, actor: Actor, conversation_id: UUID, body: AskIn, key: str | None
) -> tuple[AskOut, bool]:
    """What came of a question, and whether it had been asked before with the same key.

    Raises:
        NotFound, AnswerInProgress, ConversationFull, IdempotencyKeyReused: see `record_question`.
        TokenBudgetSpent: the business has no tokens left.
        AnswerFailed: it could not be answered; it may be asked again.
    """
    settings, assistant = context.settings, assistant_of(context)
    async with context.unit_of_work(actor) as uow:
        recorded = await record_question(uow, conversation_id, body, key)
        least = assistant.least_tokens(actor, body.prompt)
        if recorded.claim is not None and least:
            await token_budget.check(uow, least)
    failpoint("analytics", "assistant", "asked")
    patience = settings.assistant_wait_seconds if body.wait else 0.0
    if recorded.claim is not None:
        assistant.wake(conversation_id)
        task = assistant.start(actor, recorded.question, recorded.claim)
        if patience:
            await asyncio.wait({task}, timeout=patience)
    question, answer = await _look(context, actor, recorded.question)
    ends = asyncio.get_running_loop().time() + patience
    while (
        recorded.claim is None and question.status == "answering" and asyncio.get_running_loop().time() < ends
    ):
        # It is answered elsewhere, for whom asked it first.
        await asyncio.sleep(_LOOK_SECONDS)
        question, answer = await _look(context, actor, recorded.question)
    if question.status == "failed":
        raise AnswerFailed(question.reason, headers={"Retry-After": "2"})
    return _shown(question, answer), recorded.claim is None


async def _look(context: ServiceContext, actor: Actor, asked: Message) -> tuple[Message, Message | None]:
    async with context.unit_of_work(actor) as uow:
        rows = MessageRepository(uow, asked.conversation_id)
        question = await rows.get(asked.id)
        if question is None:
            raise NotFound("The conversation was removed meanwhile.", resource="conversation")
        return question, await rows.answer_to(question.id)


def _shown(question: Message, answer: Message | None) -> AskOut:
    asked = MessageOut.model_validate(question)
    common = {"conversation_id": question.conversation_id, "status": question.status, "question": asked}
    if answer is None:
        return AskOut(**common, **_NOTHING, message=None)
    message = MessageOut.model_validate(answer)
    return AskOut(
        **common,
        answer=message.content,
        message=message,
        **message.model_dump(
            include={"figures", "provider", "model", "degraded", "reason", "notice", "usage"}
        ),
    )
