"""Invariants: what must always hold, each with a figure, checked by `pillars verify`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from libs.common.db.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check: `breaches` must be 0; `figure` says what was counted."""

    figure: str
    breaches: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invariant:
    """A named check over one service's own schema, run in the platform scope."""

    name: str
    check: Callable[["UnitOfWork"], Awaitable[Finding]]
