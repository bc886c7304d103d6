"""The event stream of an inbox (WHATWG server-sent events): replay first, then what comes.

No database connection and no list of pending notices is held while a stream waits: each wake-up reads what is new
after the last `seq` sent, in pages.
"""

import time
from collections.abc import AsyncIterator

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from libs.common.actor import Actor
from libs.common.messaging.waiting import wait_for
from libs.common.runtime.context import ServiceContext
from services.notifications.notices.feed import NoticeFeed
from services.notifications.notices.models import Notice
from services.notifications.notices.repository import NoticeRepository
from services.notifications.notices.schemas import NoticeOut

PAGE = 100
RECONNECT_MILLISECONDS = 3000


async def stream_notices(
    context: ServiceContext, feed: NoticeFeed, actor: Actor, last_event_id: int | None
) -> AsyncIterator[bytes]:
    """The bytes of a stream, beginning after `last_event_id` or, without one, with what comes from now on.

    The first event is `ready`; its id lets a client that saw no notice yet reconnect without a gap.
    """
    settings = context.settings
    assert actor.tenant_id is not None
    assert actor.user_id is not None
    with feed.subscribe(actor.tenant_id, actor.user_id) as signal:
        ends = time.monotonic() + settings.stream_seconds
        try:
            newest = await _newest(context, actor)
            # An id beyond the newest comes from a database that has since been restored from a backup.
            cursor = newest if last_event_id is None else min(last_event_id, newest)
            yield _event(cursor, "ready", {"last_event_id": cursor}, retry=RECONNECT_MILLISECONDS)
            while not feed.closed and time.monotonic() < ends:
                signal.clear()
                page = await _after(context, actor, cursor)
                for notice in page:
                    cursor = notice.seq
                    yield _event(
                        notice.seq, "notification", NoticeOut.model_validate(notice).model_dump(mode="json")
                    )
                if len(page) == PAGE:
                    continue
                limit = min(settings.stream_heartbeat_seconds, max(0.0, ends - time.monotonic()))
                if not await wait_for(signal, limit):
                    yield b": keep-alive\n\n"
        except (DBAPIError, PoolTimeout):
            # The client reconnects with the last id it saw.
            yield b": the database is away\n\n"


async def _after(context: ServiceContext, actor: Actor, seq: int) -> list[Notice]:
    async with context.unit_of_work(actor) as uow:
        return await NoticeRepository(uow).after(seq, PAGE)


async def _newest(context: ServiceContext, actor: Actor) -> int:
    async with context.unit_of_work(actor) as uow:
        return await NoticeRepository(uow).newest()


def _event(event_id: int, name: str, data: object, *, retry: int | None = None) -> bytes:
    head = f"retry: {retry}\n" if retry is not None else ""
    # JSON has no raw line breaks, so one data line is enough.
    return f"{head}id: {event_id}\nevent: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"
