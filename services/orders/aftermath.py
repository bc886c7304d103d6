"""What is done after a unit of work failed: steps registered before a risky call, run once it has rolled back."""

import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger("pillars.orders.aftermath")
Step = Callable[[BaseException], Awaitable[None]]


class Aftermath:
    """The steps of one request; each gets the error and decides for itself whether it concerns it."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def on_failure(self, step: Step) -> None:
        """Run this once the unit of work has rolled back, its commit included; at best effort."""
        self._steps.append(step)

    async def run(self, error: BaseException) -> None:
        """Run the steps; one that fails is logged and hides neither the others nor the error."""
        for step in self._steps:
            try:
                await step(error)
            except Exception:
                log.warning("a step after a failed request failed too", exc_info=True)
