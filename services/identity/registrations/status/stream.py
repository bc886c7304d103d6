"""The event stream of an application's status (WHATWG server-sent events): the whole status at once, then whenever it
differs.

Each stream looks about once a second; no connection is held in between. Few people follow an application at a time, so
that costs less than a connection that listens, and nothing is missed where a notification would be.
"""

import hashlib
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from libs.common.errors import NotFound, RateLimited
from libs.common.messaging.waiting import wait_for
from libs.common.runtime.context import ServiceContext
from services.identity.registrations.status.links import followed
from services.identity.registrations.status.schemas import StatusOut
from services.identity.registrations.status.view import status_of

_RECONNECT_MILLISECONDS = 3000


class Seat:
    """A place among the open streams. It is given back with `leave`, or with the object: nobody may ever read the stream."""

    def __init__(self, open_now: Counter[str], token: str) -> None:
        self._open = open_now
        self._token: str | None = token
        open_now[token] += 1

    def leave(self) -> None:
        """Give it back; once is enough."""
        token, self._token = self._token, None
        if token is not None:
            self._open[token] -= 1
            # Without those that are at nothing.
            self._open += Counter()

    def __del__(self) -> None:
        self.leave()


class OpenStreams:
    """How many streams of each token, and of all, are open in this process."""

    def __init__(self, *, per_link: int, in_all: int) -> None:
        self._per_link = per_link
        self._in_all = in_all
        self._open: Counter[str] = Counter()

    def take(self, token: str) -> Seat:
        """A place for one more.

        Raises:
            RateLimited: too many are open.
        """
        if self._open[token] >= self._per_link or self._open.total() >= self._in_all:
            raise RateLimited("Too many streams are open; close one.", headers={"Retry-After": "30"})
        return Seat(self._open, token)


async def read(context: ServiceContext, token: str) -> dict[str, Any]:
    """The status as JSON values.

    Raises:
        NotFound: the link is no longer good.
    """
    async with context.unit_of_work(platform=True) as uow:
        status = await status_of(uow, await followed(uow, token))
    return StatusOut.model_validate(status).model_dump(mode="json")


async def stream_status(
    context: ServiceContext, seat: Seat, token: str, last_event_id: str | None = None
) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream. It ends when the link does, and after a while; connect again then.

    An event's id is that of the status it shows: who has seen the present one gets the next.
    """
    settings = context.settings
    beats = time.monotonic()
    ends = beats + settings.status_stream_seconds
    shown = last_event_id
    try:
        while not context.stopping.is_set() and time.monotonic() < ends:
            status = orjson.dumps(await read(context, token))
            event_id = hashlib.blake2b(status, digest_size=8).hexdigest()
            if event_id != shown:
                shown = event_id
                yield _event(event_id, status)
                beats = time.monotonic()
            elif time.monotonic() - beats >= settings.status_stream_heartbeat_seconds:
                yield b": keep-alive\n\n"
                beats = time.monotonic()
            await wait_for(context.stopping, settings.status_stream_poll_seconds)
    except NotFound:
        yield b"event: gone\ndata: {}\n\n"
    except (DBAPIError, PoolTimeout):
        yield b": the database is away\n\n"
    finally:
        seat.leave()


def _event(event_id: str, status: bytes) -> bytes:
    head = f"retry: {_RECONNECT_MILLISECONDS}\nid: {event_id}\nevent: status\ndata: "
    return head.encode() + status + b"\n\n"


@asynccontextmanager
async def open_status_streams(context: ServiceContext) -> AsyncIterator[OpenStreams]:
    """The count of this process."""
    settings = context.settings
    yield OpenStreams(per_link=settings.status_streams_per_link, in_all=settings.status_streams)
