"""What is done after a unit of work failed: steps registered before a risky call, run once it has rolled back."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends

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


async def get_aftermath() -> AsyncIterator[Aftermath]:
    """An aftermath that encloses the unit of work: name it before the service in the endpoint's signature."""
    aftermath = Aftermath()
    try:
        yield aftermath
    except BaseException as error:
        await aftermath.run(error)
        raise


After = Annotated[Aftermath, Depends(get_aftermath, scope="function")]
