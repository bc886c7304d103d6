"""The serving process's side of the worker: starts it when there is work, talks to it, ends it."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import orjson

from libs.common.runtime.embedded.child import launch_command
from services.analytics.demand_forecast.engine.series import Values

_MODULE = "services.analytics.demand_forecast.worker"
# An answer of fifty series is some 100 kB.
_LONGEST_LINE = 16 * 1024 * 1024
# The cores are shared with those who serve, and no secret of theirs is handed on.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}
_HANDED_ON = ("PATH", "PYTHONPATH", "LANG", "HOME", "TMPDIR")


class WorkerFailed(Exception):
    """The worker ended, or did not answer in time."""


class Worker:
    """One worker; `async with Worker() as worker`. It is there from the first batch to the end of the block.

    The kernel ends it with this process, however that ends.
    """

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int | None:
        """Its process id, while it is there."""
        return None if self._process is None else self._process.pid

    async def examine(self, grain: str, series: Sequence[Values]) -> list[dict[str, Any]]:
        """What it finds of a batch of series, in their order.

        Raises:
            WorkerFailed: it ended or took too long; the next batch gets a new one.
        """
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(orjson.dumps({"grain": grain, "series": series}))
            found: list[dict[str, Any]] = orjson.loads(answer)
        except (OSError, TimeoutError, ValueError) as error:
            await self.stop()
            raise WorkerFailed(f"the forecasting worker gave no answer: {type(error).__name__}") from error
        return found

    async def stop(self) -> None:
        """End it, if it is there."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        if process.returncode is None:
            process.kill()
        await process.wait()

    async def _ask(self, batch: bytes) -> bytes:
        if self._process is None:
            command = launch_command([sys.executable, "-m", _MODULE], death_signal=signal.SIGKILL)
            handed_on = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=handed_on | _ENVIRONMENT,
                start_new_session=True,
                limit=_LONGEST_LINE,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(batch + b"\n")
        await self._process.stdin.drain()
        answer = await self._process.stdout.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionError("it has ended")
        return answer
