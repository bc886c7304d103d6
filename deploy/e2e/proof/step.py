"""A moment at which a process may die, of `libs.common.failpoints`; the process that gets there is ended with SIGKILL."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """A moment, the process that dies there, what has happened by then, and the promise that holds."""

    moment: str
    dies: str
    happened: str
    promise: str
