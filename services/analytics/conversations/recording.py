"""What is written of a question and its answer: each step is one commit, and none holds while a provider is called.

A question is claimed for a while by who answers it. What was killed leaves it claimed; once the claim has run out the
question counts as failed and may be asked again. An answer is written only by the latest claim, and once.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.errors import IdempotencyKeyReused, NotFound
from libs.common.ids import new_id
from services.analytics.assistant.answer import Answer
from services.analytics.conversations.errors import AnswerInProgress, ConversationFull
from services.analytics.conversations.models import Conversation, Message
from services.analytics.conversations.repository import ConversationRepository, MessageRepository
from services.analytics.conversations.schemas import AskIn
from services.analytics.conversations.stream_events import tell, tell_message

MOST_MESSAGES = 1000
# Beyond the time that an answer may take: for rules to answer then, and to write it down.
_MARGIN_SECONDS = 30
INTERRUPTED = "It was interrupted."


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer a question; a later claim of the same question ends it."""

    conversation_id: UUID
    question_id: UUID
    answer_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question in the books; `claim` is None where it had been asked before and is answered, or being answered."""

    question: Message
    claim: Claim | None


async def record_question(uow: UnitOfWork, conversation_id: UUID, body: AskIn, key: str | None) -> Recorded:
    """Write a question down and claim it, or find it again by its idempotency key.

    Raises:
        NotFound: there is no such conversation of the caller.
        AnswerInProgress: another question of it is being answered.
        ConversationFull: it holds as much as it may.
        IdempotencyKeyReused: the key came with another question.
    """
    conversation = await ConversationRepository(uow).get(conversation_id, lock=True)
    if conversation is None:
        raise NotFound("There is no such conversation.", resource="conversation")
    rows = MessageRepository(uow, conversation_id)
    question = await rows.find(Message.idempotency_key == key) if key is not None else None
    digest = hashlib.sha256(f"{body.tz}\n{body.prompt}".encode()).digest()
    if question is not None:
        if question.request_hash != digest:
            raise IdempotencyKeyReused("Use a new key for a new question.")
        is_at_work = question.status == "answering" and not _has_run_out(uow, question)
        if question.status == "answered" or is_at_work:
            return Recorded(question, None)
    await _end_others(uow, conversation, rows, question)
    if question is None:
        if conversation.message_count + 2 > MOST_MESSAGES:
            raise ConversationFull("It holds as many messages as it can.", limit=MOST_MESSAGES)
        question = Message(
            # Before that of its answer, so that they sort so within one moment.
            id=new_id(),
            conversation_id=conversation.id,
            user_id=conversation.user_id,
            role="user",
            content=body.prompt,
            attempt=0,
            idempotency_key=key,
            request_hash=digest,
            tz=body.tz,
        )
    question.status = "answering"
    question.attempt += 1
    question.reason = None
    question.answer_id = new_id()
    seconds = uow.context.settings.assistant_timeout + _MARGIN_SECONDS
    question.answering_until = uow.now + timedelta(seconds=seconds)
    if question.attempt == 1:
        await rows.add(question)
        conversation.message_count += 1
    else:
        await rows.save(question)
    conversation.last_message_at = conversation.active_at = uow.now
    tell_message(uow, conversation, "question", question)
    uow.audit("asked", "conversation", conversation.id, after={"message_id": str(question.id)})
    claim = Claim(conversation.id, question.id, question.answer_id, question.attempt)
    return Recorded(question, claim)


async def _end_others(
    uow: UnitOfWork, conversation: Conversation, rows: MessageRepository, question: Message | None
) -> None:
    other = await rows.find(Message.status == "answering")
    if other is None or other is question:
        return
    if not _has_run_out(uow, other):
        raise AnswerInProgress("One question is answered at a time.", headers={"Retry-After": "2"})
    fail(uow, conversation, other, INTERRUPTED)
    await uow.session.flush()


def _has_run_out(uow: UnitOfWork, question: Message) -> bool:
    return question.answering_until is None or question.answering_until <= uow.now


def fail(uow: UnitOfWork, conversation: Conversation, question: Message, reason: str) -> None:
    """Note that a question was not answered. The row of the conversation must be locked."""
    question.status, question.reason, question.answering_until = "failed", reason, None
    question.version += 1
    question.updated_at = uow.now
    tell(uow, conversation, question.id, "error", {"message_id": str(question.id), "reason": reason})


async def claimed(uow: UnitOfWork, claim: Claim) -> tuple[Conversation, Message] | None:
    """The conversation, locked, and the question; None where the claim holds no more or they are gone."""
    found = select(Conversation).where(
        Conversation.tenant_id == uow.tenant_id, Conversation.id == claim.conversation_id
    )
    conversation = (await uow.session.scalars(found.with_for_update())).one_or_none()
    if conversation is None:
        return None
    question = await MessageRepository(uow, conversation.id).get(claim.question_id)
    if question is None or (question.status, question.attempt) != ("answering", claim.attempt):
        return None
    return conversation, question


async def record_progress(uow: UnitOfWork, claim: Claim, kind: str, text: str | None = None) -> None:
    """Tell the stream of a part of the answer (`delta`), or that the parts so far do not count (`reset`)."""
    if (found := await claimed(uow, claim)) is not None:
        data = {"message_id": str(claim.answer_id), **({} if text is None else {"text": text})}
        tell(uow, found[0], claim.answer_id, kind, data)


async def record_answer(uow: UnitOfWork, claim: Claim, answer: Answer, *, is_told: bool) -> bool:
    """Write the answer down; whether the claim still held. `is_told` where the stream has had its text already."""
    found = await claimed(uow, claim)
    if found is None:
        return False
    conversation, question = found
    question.status, question.answering_until = "answered", None
    rows = MessageRepository(uow, conversation.id)
    await rows.save(question)
    message = await rows.add(
        Message(
            id=claim.answer_id,
            conversation_id=conversation.id,
            user_id=conversation.user_id,
            role="assistant",
            status="completed",
            content=answer.content,
            figures=[figure.model_dump(mode="json") for figure in answer.figures],
            tool_calls=list(answer.tool_calls),
            provider=answer.provider,
            model=answer.model,
            input_tokens=answer.input_tokens,
            output_tokens=answer.output_tokens,
            degraded=answer.degraded,
            reason=answer.reason,
            notice=answer.notice,
            question_id=question.id,
        )
    )
    conversation.message_count += 1
    conversation.last_message_at = conversation.active_at = uow.now
    about = {"message_id": str(message.id)}
    tell(uow, conversation, message.id, "figures", {**about, "figures": message.figures})
    if not is_told:
        tell(uow, conversation, message.id, "delta", {**about, "text": message.content})
    tell_message(uow, conversation, "done", message)
    return True


async def record_failure(uow: UnitOfWork, claim: Claim, reason: str) -> None:
    """Note that the question was not answered, if the claim still holds."""
    if (found := await claimed(uow, claim)) is not None:
        fail(uow, *found, reason)
