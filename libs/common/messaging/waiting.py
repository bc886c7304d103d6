"""Waiting with a limit, and growing pauses while something is away."""

import asyncio
import random


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, at most so long; return whether it is."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


def backoff(failures: int, *, base: float = 0.1, limit: float = 5.0) -> float:
    """Seconds to wait after so many failures in a row: doubling up to a limit, with half of it left to chance."""
    ceiling = min(limit, base * 2 ** min(failures - 1, 20))
    return ceiling / 2 + random.uniform(0, ceiling / 2)  # noqa: S311 - spreads load, keeps no secret
