"""Wakes the streams of this process when notices were committed, here or in another process.

One connection per process listens, whatever the number of streams; a stream holds a flag, never a queue or a
connection. While the listener is away the streams are woken by the clock, and once it is back, all of them.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import orjson
import psycopg

from libs.common.errors import RateLimited
from libs.common.messaging.connection import connect, plain_url
from libs.common.messaging.waiting import backoff
from libs.common.runtime.context import ServiceContext
from services.notifications.notices.repository import CHANNEL

log = logging.getLogger("pillars.notifications.feed")

Inbox = tuple[UUID, UUID]


class NoticeFeed:
    """Flags per inbox, set by notifications of the database. The listener starts with the first stream."""

    def __init__(self, url: str, *, per_user: int) -> None:
        self._url = url
        self._per_user = per_user
        self._signals: dict[Inbox, set[asyncio.Event]] = {}
        self._listener: asyncio.Task[None] | None = None
        self.listening = asyncio.Event()
        self.closed = False

    def check_room(self, tenant_id: UUID, user_id: UUID) -> None:
        """Refuse one more stream.

        Raises:
            RateLimited: the user has too many open.
        """
        if len(self._signals.get((tenant_id, user_id), ())) >= self._per_user:
            raise RateLimited("Too many streams are open; close one.", headers={"Retry-After": "30"})

    @contextlib.contextmanager
    def subscribe(self, tenant_id: UUID, user_id: UUID) -> Iterator[asyncio.Event]:
        """A flag that is set when the inbox may hold something new."""
        inbox = (tenant_id, user_id)
        signals = self._signals.setdefault(inbox, set())
        if self._listener is None and not self.closed:
            self._listener = asyncio.create_task(self._listen(), name="listener of notices")
        signal = asyncio.Event()
        signals.add(signal)
        try:
            yield signal
        finally:
            signals.discard(signal)
            if not signals:
                self._signals.pop(inbox, None)

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return sum(len(signals) for signals in self._signals.values())

    def wake(self, inbox: Inbox | None = None) -> None:
        """Set the flags of one inbox, or of all."""
        for key in [inbox] if inbox else list(self._signals):
            for signal in self._signals.get(key, ()):
                signal.set()

    def end(self) -> None:
        """Let every stream come to its end."""
        self.closed = True
        self.wake()

    async def close(self) -> None:
        """End the streams and the listener."""
        self.end()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await connect(self._url, "pillars-notifications-stream")
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    failures = 0
                    self.listening.set()
                    # What was committed while nobody listened.
                    self.wake()
                    async for notification in connection.notifies():
                        tenant_id, user_id = orjson.loads(notification.payload)
                        self.wake((UUID(tenant_id), UUID(user_id)))
            except (psycopg.Error, OSError) as error:
                failures += 1
                log.warning("the listener of notices lost its connection: %s", error)
            self.listening.clear()
            await asyncio.sleep(backoff(max(failures, 1)))
            self.wake()


@contextlib.asynccontextmanager
async def open_feed(context: ServiceContext) -> AsyncIterator[NoticeFeed]:
    """The feed of this process, ended with it."""
    feed = NoticeFeed(plain_url(context.engine), per_user=context.settings.streams_per_user)

    async def end_with_process() -> None:
        await context.stopping.wait()
        feed.end()

    ending = asyncio.create_task(end_with_process(), name="end of the streams of notices")
    try:
        yield feed
    finally:
        ending.cancel()
        await feed.close()
