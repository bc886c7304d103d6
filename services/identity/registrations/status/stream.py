"""The event stream of an application's status (WHATWG server-sent events): the whole status at once, then whenever it
differs.

Each stream looks about once a second; no connection is held in between. Few people follow an application at a time, so
that costs less than a connection that listens, and nothing is missed where a notification would be.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
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


class OpenStreams:
    """How many streams of each token, and of all, are open in this process."""

    def __init__(self, *, per_link: int, in_all: int) -> None:
        self._per_link = per_link
        self._in_all = in_all
        self._open: dict[str, int] = {}

    def check_room(self, token: str) -> None:
        """Refuse one more.

        Raises:
            RateLimited: too many are open.
        """
        if self._open.get(token, 0) >= self._per_link or sum(self._open.values()) >= self._in_all:
            raise RateLimited("Too many streams are open; close one.", headers={"Retry-After": "30"})

    @contextmanager
    def opened(self, token: str) -> Iterator[None]:
        """Count a stream for as long as it is open."""
        self._open[token] = self._open.get(token, 0) + 1
        try:
            yield
        finally:
            self._open[token] -= 1
            if not self._open[token]:
                del self._open[token]


async def read(context: ServiceContext, token: str) -> dict[str, Any]:
    """The status as JSON values.

    Raises:
        NotFound: the link is no longer good.
    """
    async with context.unit_of_work(platform=True) as uow:
        status = await status_of(uow, await followed(uow, token))
    return StatusOut.model_validate(status).model_dump(mode="json")


async def stream_status(
    context: ServiceContext, streams: OpenStreams, token: str
) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream. It ends when the link does, and after a while; connect again then."""
    settings = context.settings
    ends = time.monotonic() + settings.status_stream_seconds
    beats = time.monotonic()
    shown: dict[str, Any] | None = None
    number = 0
    with streams.opened(token):
        try:
            while not context.stopping.is_set() and time.monotonic() < ends:
                status = await read(context, token)
                if status != shown:
                    shown, number = status, number + 1
                    yield _event(number, status)
                    beats = time.monotonic()
                elif time.monotonic() - beats >= settings.status_stream_heartbeat_seconds:
                    yield b": keep-alive\n\n"
                    beats = time.monotonic()
                await wait_for(context.stopping, settings.status_stream_poll_seconds)
        except NotFound:
            yield b"event: gone\ndata: {}\n\n"
        except (DBAPIError, PoolTimeout):
            yield b": the database is away\n\n"


def _event(number: int, status: dict[str, Any]) -> bytes:
    head = f"retry: {_RECONNECT_MILLISECONDS}\nid: {number}\nevent: status\ndata: "
    return head.encode() + orjson.dumps(status) + b"\n\n"


@asynccontextmanager
async def open_status_streams(context: ServiceContext) -> AsyncIterator[OpenStreams]:
    """The count of this process."""
    settings = context.settings
    yield OpenStreams(per_link=settings.status_streams_per_link, in_all=settings.status_streams)
