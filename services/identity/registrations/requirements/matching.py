"""Which of the operator's rows hold for an application: pure functions over what rows have in common."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Placed(Protocol):
    """A row that holds for a product or all, and for a country or all."""

    product: str | None
    country: str | None


class Coded(Placed, Protocol):
    """A row of which the most specific one of each code counts."""

    code: str
    is_active: bool


C = TypeVar("C", bound=Coded)


def fits(row: Placed, product: str, country: str | None) -> bool:
    """Whether a row holds for applications for this product from this country."""
    return row.product in (None, product) and row.country in (None, country)


def specificity(row: Placed) -> int:
    """How narrowly a row is meant: product and country, then product, then country, then all."""
    return 2 * (row.product is not None) + (row.country is not None)


def applicable(rows: Iterable[C], product: str, country: str | None) -> list[C]:
    """The rows that count, by code; one that is switched off takes away the wider ones of its code."""
    best: dict[str, C] = {}
    for row in rows:
        if fits(row, product, country):
            known = best.get(row.code)
            if known is None or specificity(row) > specificity(known):
                best[row.code] = row
    return [row for _, row in sorted(best.items()) if row.is_active]
