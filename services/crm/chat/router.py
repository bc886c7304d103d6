"""The HTTP side of chat."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from libs.common.errors import NotFound, PreconditionFailed
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from services.crm.chat.errors import NotTheAuthor
from services.crm.chat.schemas import (
    MessageCreate,
    MessageOut,
    MessageQuery,
    MessageReplace,
    MessageUpdate,
    ObjectMessageQuery,
    ThreadOut,
    ThreadQuery,
)
from services.crm.deps import Chat

router = APIRouter(prefix="/chat", tags=["chat"])
READ, WRITE = allow("crm.chat.read"), allow("crm.chat.write", active=True)


@router.get("", response_model=Page[MessageOut], dependencies=[READ])
async def list_messages(query: Annotated[MessageQuery, Query()], chat: Chat) -> Any:
    """List messages, newest first."""
    return await chat.page(query)


@router.post(
    "", response_model=MessageOut, status_code=201, dependencies=[WRITE], responses=problems(NotFound)
)
async def create_message(body: MessageCreate, chat: Chat) -> Any:
    """Write a message on an object: a deal, a task, an order, …"""
    message = await chat.post(body.object_type, body.object_id, body.text, body.mentions)
    return (await chat.shown([message]))[0]


@router.get("/for_object", response_model=Page[MessageOut], dependencies=[READ])
async def list_object_messages(query: Annotated[ObjectMessageQuery, Query()], chat: Chat) -> Any:
    """List the messages on one object, newest first."""
    return await chat.page(query)


@router.get("/threads", response_model=Page[ThreadOut], dependencies=[READ])
async def list_threads(query: Annotated[ThreadQuery, Query()], chat: Chat) -> Any:
    """List threads, the one with the newest message first."""
    return await chat.thread_page(query)


@router.get(
    "/threads/{thread_id}", response_model=ThreadOut, dependencies=[READ], responses=problems(NotFound)
)
async def get_thread(thread_id: UUID, chat: Chat) -> Any:
    """Read one thread."""
    return (await chat.shown_threads([await chat.thread(thread_id)]))[0]


@router.post(
    "/threads/{thread_id}/read", response_model=ThreadOut, dependencies=[READ], responses=problems(NotFound)
)
async def read_thread(thread_id: UUID, chat: Chat) -> Any:
    """Mark all messages of a thread as read by the caller."""
    return (await chat.shown_threads([await chat.read_thread(thread_id)]))[0]


@router.get("/{message_id}", response_model=MessageOut, dependencies=[READ], responses=problems(NotFound))
async def get_message(message_id: UUID, chat: Chat) -> Any:
    """Read one message; its `ETag` can be sent back as `If-Match`."""
    return (await chat.shown([await chat.get(message_id)]))[0]


@router.patch(
    "/{message_id}",
    response_model=MessageOut,
    dependencies=[WRITE],
    responses=problems(NotFound, NotTheAuthor, PreconditionFailed),
)
async def update_message(message_id: UUID, body: MessageUpdate, chat: Chat) -> Any:
    """Change some fields of one's own message."""
    return (await chat.shown([await chat.update(message_id, body)]))[0]


@router.put(
    "/{message_id}",
    response_model=MessageOut,
    dependencies=[WRITE],
    responses=problems(NotFound, NotTheAuthor, PreconditionFailed),
)
async def replace_message(message_id: UUID, body: MessageReplace, chat: Chat) -> Any:
    """Replace all fields of one's own message."""
    return (await chat.shown([await chat.update(message_id, body)]))[0]


@router.delete(
    "/{message_id}", status_code=204, dependencies=[WRITE], responses=problems(NotFound, NotTheAuthor)
)
async def delete_message(message_id: UUID, chat: Chat) -> None:
    """Remove one's own message."""
    await chat.delete(message_id)


@router.post(
    "/{message_id}/read", response_model=MessageOut, dependencies=[READ], responses=problems(NotFound)
)
async def read_message(message_id: UUID, chat: Chat) -> Any:
    """Mark a message and all before it in its thread as read by the caller."""
    return (await chat.shown([await chat.read_message(message_id)]))[0]
