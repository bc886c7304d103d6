"""Waiting with a limit, and growing pauses while something is away."""

import asyncio
import random
from collections.abc import Collection, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

# Whatever comes back is found soon: everything goes on within 5 s.
LONGEST_PAUSE_SECONDS = 2.0


@contextmanager
def cancelled_by_us_only(otherwise: str) -> Iterator[None]:
    """Take it for a lost connection when a library cancels what waits for it, and nobody asked this task to end."""
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise ConnectionError(otherwise) from None


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, at most so long; return whether it is."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


async def done_before(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do some work, and give it up when the event is set; return whether it was done."""
    doing = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            await doing
            return True
        return False
    finally:
        for task in (doing, stopping):
            task.cancel()
        await asyncio.gather(doing, stopping, return_exceptions=True)


async def wind_down(tasks: Collection[asyncio.Task[None]], seconds: float) -> set[asyncio.Task[None]]:
    """Wait for tasks to end, at most so long, and cancel the others; return these."""
    if not tasks:
        return set()
    _, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return late


def backoff(failures: int, *, base: float = 0.1, limit: float = LONGEST_PAUSE_SECONDS) -> float:
    """Seconds to wait after so many failures in a row: doubling up to a limit, with half of it left to chance."""
    ceiling = min(limit, base * 2 ** min(failures - 1, 20))
    return ceiling / 2 + random.uniform(0, ceiling / 2)  # noqa: S311 - spreads load, keeps no secret
