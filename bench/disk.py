"""How long the disk takes to flush a page, asked all the time while something else is measured."""

import os
import time
from math import ceil
from pathlib import Path
from tempfile import mkstemp
from threading import Event, Thread
from types import TracebackType
from typing import Self

from bench.stats import percentile

_PAGE = bytes(4096)
_EVERY = 0.01


class Disk:
    """Writes one page every 10 ms, flushes it and takes the time, as long as the block runs.

    What is committed waits for this disk, so its slowest flushes are the least that the slowest commits take. A flush
    that takes longer than 10 ms keeps those waiting that were due meanwhile, and their waits count as well.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stop = Event()
        self._thread = Thread(target=self._work, daemon=True)
        self._waits: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self, share: float) -> float:
        """A percentile of the waits so far, in milliseconds.

        Raises:
            ValueError: there were none yet.
        """
        return percentile(sorted(self._waits), share) * 1000

    def _work(self) -> None:
        handle, path = mkstemp(prefix="disk-", dir=self._folder)
        try:
            while not self._stop.is_set():
                os.pwrite(handle, _PAGE, 0)
                began = time.perf_counter()
                os.fdatasync(handle)
                self._waits += waits_of(time.perf_counter() - began)
                self._stop.wait(_EVERY)
        finally:
            os.close(handle)
            Path(path).unlink()


def waits_of(flush: float) -> list[float]:
    """How long each waits of those who come every 10 ms from the begin of a flush on, until it is done; in seconds."""
    return [flush, *(flush - n * _EVERY for n in range(1, ceil(flush / _EVERY)))]
