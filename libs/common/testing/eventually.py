"""Waiting for something to become true, with a limit; tests never sleep for a fixed time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any


async def eventually(condition: Callable[[], Any | Awaitable[Any]], seconds: float = 15) -> Any:
    """The first true value of the condition; an AssertionError with its last value after so many seconds."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {seconds} s; the last value was {value!r}")
        await asyncio.sleep(0.01)
