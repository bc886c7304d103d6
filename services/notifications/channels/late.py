"""A channel that is opened when something is first sent over it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from services.notifications.channels.base import Channel, Outgoing


class LateChannel:
    """Stands for the channel that `opening` opens. Where opening fails, the next sending tries again."""

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[Channel]]) -> None:
        self._opening = opening
        self._channel: Channel | None = None
        self._stack = AsyncExitStack()
        self._one_at_a_time = asyncio.Lock()

    async def send(self, outgoing: Outgoing) -> str:
        """See `Channel`."""
        if self._channel is None:
            async with self._one_at_a_time:
                if self._channel is None:
                    self._channel = await self._stack.enter_async_context(self._opening())
        return await self._channel.send(outgoing)

    async def close(self) -> None:
        """Close the channel, if it was ever opened."""
        await self._stack.aclose()
