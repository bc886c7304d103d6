"""The HTTP side of conversations."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response, StreamingResponse

from libs.common.errors import (
    IdempotencyKeyReused,
    NotFound,
    PreconditionFailed,
    RateLimited,
    TenantRequired,
)
from libs.common.http.deps import Context, CurrentActor, allow
from libs.common.http.idempotency import IdempotencyKey
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import ASSISTANT
from services.analytics.assistant.assistant import assistant_of
from services.analytics.conversations.asking import ask
from services.analytics.conversations.errors import (
    AnswerFailed,
    AnswerInProgress,
    ConversationFull,
    TokenBudgetSpent,
)
from services.analytics.conversations.repository import ConversationRepository
from services.analytics.conversations.schemas import (
    AskIn,
    AskOut,
    ConversationCreate,
    ConversationOut,
    ConversationQuery,
    ConversationUpdate,
    MessageOut,
    MessageQuery,
)
from services.analytics.conversations.stream import stream_conversation
from services.analytics.deps import Conversations

router = APIRouter(prefix="/ai/conversations", tags=["assistant"])
READ = allow("analytics.conversations.read")
WRITE = allow("analytics.conversations.write", feature=ASSISTANT)


@router.get("", response_model=Page[ConversationOut], dependencies=[READ])
async def list_conversations(
    query: Annotated[ConversationQuery, Query()], conversations: Conversations
) -> Any:
    """List your own conversations with the assistant, newest first. Nobody sees those of others."""
    return await conversations.list(query)


@router.post("", response_model=ConversationOut, status_code=201, dependencies=[WRITE])
async def create_conversation(body: ConversationCreate, conversations: Conversations) -> Any:
    """Begin a conversation; then ask in it."""
    return await conversations.create(body)


@router.get(
    "/{conversation_id}", response_model=ConversationOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_conversation(conversation_id: UUID, conversations: Conversations) -> Any:
    """Read one of your conversations; its messages are a list of their own."""
    return await conversations.get(conversation_id)


@router.patch(
    "/{conversation_id}",
    response_model=ConversationOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def update_conversation(
    conversation_id: UUID, body: ConversationUpdate, conversations: Conversations
) -> Any:
    """Change some fields of a conversation."""
    return await conversations.update(conversation_id, body)


@router.put(
    "/{conversation_id}",
    response_model=ConversationOut,
    dependencies=[WRITE],
    responses=problems(NotFound, PreconditionFailed),
)
async def replace_conversation(
    conversation_id: UUID, body: ConversationCreate, conversations: Conversations
) -> Any:
    """Replace all fields of a conversation."""
    return await conversations.update(conversation_id, body)


@router.delete("/{conversation_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound))
async def delete_conversation(conversation_id: UUID, conversations: Conversations) -> None:
    """Remove a conversation with all that was said in it."""
    await conversations.delete(conversation_id)


@router.get(
    "/{conversation_id}/messages",
    response_model=Page[MessageOut],
    dependencies=[READ],
    responses=problems(NotFound),
)
async def list_messages(
    conversation_id: UUID, query: Annotated[MessageQuery, Query()], conversations: Conversations
) -> Any:
    """List questions and answers, the oldest first (`order=-created_at`: the newest first)."""
    return await conversations.messages(conversation_id, query)


@router.post(
    "/{conversation_id}/ask",
    response_model=AskOut,
    status_code=201,
    dependencies=[WRITE],
    responses={
        202: {"model": AskOut, "description": "It is being worked on: the answer comes over the stream"},
        **problems(
            NotFound,
            AnswerInProgress,
            ConversationFull,
            IdempotencyKeyReused,
            TokenBudgetSpent,
            AnswerFailed,
        ),
    },
)
async def ask_question(
    conversation_id: UUID,
    body: AskIn,
    context: Context,
    actor: CurrentActor,
    idempotency_key: IdempotencyKey = None,
) -> Any:
    """Ask about the business, in English or Russian. The answer rests on `figures`, read with your rights.

    Each figure names the query that gives it again. Where no language model is configured or it fails, rules answer:
    `degraded` is true then, and `reason` says why. With an `Idempotency-Key` a repeat gets the first answer. One question
    is answered at a time.
    """
    if actor.tenant_id is None:
        raise TenantRequired("Name the business with the X-Company-Id header.")
    said, is_repeat = await ask(context, actor, conversation_id, body, idempotency_key)
    return Response(
        said.model_dump_json(),
        status_code=202 if said.message is None else 201,
        media_type="application/json",
        headers={"Idempotency-Replayed": "true"} if is_repeat else None,
    )


@router.get(
    "/{conversation_id}/stream",
    dependencies=[READ],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `ready`; then `question`, `delta` (a part of an answer's `text`), `reset` (the "
            "parts so far do not count), `figures`, `done` (the answer), `error`; `gone` when the conversation was removed",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(NotFound, RateLimited),
    },
)
async def stream_conversation_events(
    conversation_id: UUID,
    context: Context,
    actor: CurrentActor,
    last_event_id: Annotated[
        int | None,
        Query(
            ge=0,
            le=2**63 - 1,
            description="Begin after this event (0: with the first); the header comes first",
        ),
    ] = None,
    header: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
) -> StreamingResponse:
    """Answers as they are made. `Last-Event-ID` replays what came after that event; without one it begins with the
    newest question. Comments keep an idle stream open. It ends after a while, so that rights are checked anew: connect again.
    """
    if actor.tenant_id is None:
        raise TenantRequired("Name the business with the X-Company-Id header.")
    assistant = assistant_of(context)
    assistant.check_room(actor)
    async with context.unit_of_work(actor) as uow:
        # What is not there is an error, not a stream.
        if await ConversationRepository(uow).get(conversation_id) is None:
            raise NotFound("There is no such conversation.", resource="conversation")
    last = int(header) if header is not None and _is_id(header) else last_event_id
    return StreamingResponse(
        stream_conversation(context, assistant, actor, conversation_id, last),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and int(value) < 2**63
