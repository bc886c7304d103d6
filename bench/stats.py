"""Medians, spreads and percentiles of what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median


@dataclass(frozen=True, slots=True)
class Sample:
    """The same figure from several runs: the median counts, the extremes show how sure it is."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        """A sample of at least one run."""
        if not values:
            raise ValueError("nothing was measured")
        return cls(tuple(values))

    @property
    def median(self) -> float:
        """The middle one."""
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest."""
        return min(self.values), max(self.values)

    def __truediv__(self, other: "Sample") -> "Sample":
        """Ratios, run by run: neighbours in time share their noise."""
        return Sample.of(
            [a / b if b else float("inf") for a, b in zip(self.values, other.values, strict=True)]
        )


def percentile(ordered: Sequence[float], share: float) -> float:
    """A percentile of sorted values, by the nearest rank."""
    if not ordered:
        raise ValueError("nothing was measured")
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
