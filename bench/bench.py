"""What a section is given: the options of the run, the suite, and a way to say how far it is."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from bench.shop import Builder, Shop
from bench.suite import Suite

T = TypeVar("T")


@dataclass(slots=True)
class Options:
    """How much to measure, and where things go. `soak` in seconds."""

    runs: int = 3
    quick: bool = False
    soak: float = 600
    folder: Path = Path(".pillars/bench")
    plots: Path = Path("bench/results")

    def some(self, many: int, few: int) -> int:
        """The one or the other."""
        return few if self.quick else many


@dataclass(slots=True)
class Bench:
    """The run: sections share one suite, started at first use."""

    options: Options
    console: Console
    began: float = field(default_factory=time.monotonic)
    _suite: Suite | None = None
    _shops: list[Shop] = field(default_factory=list)

    @property
    def suite(self) -> Suite:
        """The suite with all its processes running."""
        suite = self.prepare()
        if not suite.members:
            suite.start()
        return suite

    def prepare(self) -> Suite:
        """The suite's servers and schemas; whoever asks starts the processes."""
        if self._suite is None:
            self.say("starting the suite")
            self._suite = Suite(self.options.folder).__enter__()
        return self._suite

    def close(self) -> None:
        """Stop the suite."""
        if self._suite is not None:
            self._suite.__exit__(None, None, None)
            self._suite = None
            self._shops = []

    def shops(self, count: int) -> list[Shop]:
        """So many shops that trade."""
        if len(self._shops) < count:
            builder = Builder(self.suite.url)
            while len(self._shops) < count:
                self._shops.append(builder.open())
            self.suite.settle()
        return self._shops[:count]

    def say(self, text: str) -> None:
        """Tell where the run is."""
        self.console.print(f"[dim]{time.monotonic() - self.began:6.0f} s[/]  {text}", highlight=False)

    def runs(self, what: str, once: Callable[[], T]) -> list[T]:
        """Do it as many times as asked for."""
        found = []
        for number in range(self.options.runs):
            self.say(f"{what}, run {number + 1} of {self.options.runs}")
            found.append(once())
        return found
