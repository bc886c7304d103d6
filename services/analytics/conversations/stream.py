"""The event stream of a conversation (WHATWG server-sent events): replay first, then what comes.

No database connection is held while a stream waits. Events of this process wake it; for those of others it looks now
and then.
"""

import time
from collections.abc import AsyncIterator
from uuid import UUID

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from libs.common.actor import Actor
from libs.common.messaging.waiting import wait_for
from libs.common.runtime.context import ServiceContext
from services.analytics.assistant.assistant import Assistant
from services.analytics.conversations.models import StreamEvent
from services.analytics.conversations.repository import ConversationRepository
from services.analytics.conversations.stream_events import before_newest_question, events_after

PAGE = 100
RECONNECT_MILLISECONDS = 3000


async def stream_conversation(
    context: ServiceContext, assistant: Assistant, actor: Actor, conversation_id: UUID, last: int | None
) -> AsyncIterator[bytes]:
    """The bytes of a stream: after the event `last`, or from the newest question on where there is none.

    The first event is `ready`; its id is that of the event before what follows. `gone` ends the stream of a conversation
    that was removed.
    """
    settings = context.settings
    beats = time.monotonic()
    ends = beats + settings.assistant_stream_seconds
    with assistant.follow(actor, conversation_id) as signal:
        try:
            begin = await _begin(context, actor, conversation_id, last)
            if begin is not None:
                yield _event(begin, "ready", {"last_event_id": begin}, retry=RECONNECT_MILLISECONDS)
            cursor = begin
            while cursor is not None and not context.stopping.is_set() and time.monotonic() < ends:
                signal.clear()
                page = await _after(context, actor, conversation_id, cursor)
                if page is None:
                    break
                for event in page:
                    cursor = event.seq
                    yield _event(event.seq, event.type, event.data)
                    beats = time.monotonic()
                if len(page) == PAGE:
                    continue
                if time.monotonic() - beats >= settings.assistant_stream_heartbeat_seconds:
                    yield b": keep-alive\n\n"
                    beats = time.monotonic()
                await wait_for(signal, settings.assistant_stream_poll_seconds)
            else:
                if cursor is not None:
                    return
            yield b"event: gone\ndata: {}\n\n"
        except (DBAPIError, PoolTimeout):
            # The client reconnects with the last id it saw.
            yield b": the database is away\n\n"


async def _begin(
    context: ServiceContext, actor: Actor, conversation_id: UUID, last: int | None
) -> int | None:
    async with context.unit_of_work(actor) as uow:
        conversation = await ConversationRepository(uow).get(conversation_id)
        if conversation is None:
            return None
        if last is None:
            return await before_newest_question(uow, conversation)
        # An id beyond the newest comes from a database that has since been restored from a backup.
        return min(last, conversation.last_event)


async def _after(
    context: ServiceContext, actor: Actor, conversation_id: UUID, seq: int
) -> list[StreamEvent] | None:
    """The events after an id; None where the conversation is gone."""
    async with context.unit_of_work(actor) as uow:
        events = await events_after(uow, conversation_id, seq, PAGE)
        if events or await ConversationRepository(uow).get(conversation_id) is not None:
            return events
    return None


def _event(event_id: int, name: str, data: object, *, retry: int | None = None) -> bytes:
    head = f"retry: {retry}\n" if retry is not None else ""
    # JSON has no raw line breaks, so one data line is enough.
    return f"{head}id: {event_id}\nevent: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
