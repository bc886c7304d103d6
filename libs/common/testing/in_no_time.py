"""Hours in an instant: an event loop whose clock jumps to the next timer, the same every time."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _InNoTime(selectors.DefaultSelector):
    """Sets the clock forward instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0.0
        return super().select(0)


def in_no_time(work: Coroutine[Any, Any, None]) -> None:
    """Run what waits for nothing but time and itself: no sockets, threads or databases."""
    selector = _InNoTime()

    class Loop(asyncio.SelectorEventLoop):
        def time(self) -> float:
            return selector.now

    with asyncio.Runner(loop_factory=lambda: Loop(selector)) as runner:
        runner.run(work)
