"""What a part of a period costs, in whole minor units; the remainder of the division is stated, never lost.

A part is always the rest of a period, so the parts of one price telescope: what was used plus what is credited is the
whole, and changing to the same price and back costs nothing.
"""

from dataclasses import dataclass
from datetime import datetime

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest of a period: `seconds` of `of`."""

    seconds: int
    of: int


@dataclass(frozen=True, slots=True)
class Part:
    """The price of the rest of a period: amount * of + remainder = price * seconds, and 0 <= remainder < of."""

    price: int
    rest: Rest
    amount: int
    remainder: int


def rest_of(start: datetime, end: datetime, at: datetime) -> Rest:
    """What is left of a period at a time, which counts from its begin where it lies before."""
    of = int((end - start).total_seconds())
    return Rest(min(max(int((end - at).total_seconds()), 0), of), of)


def part(price: int, rest: Rest) -> Part:
    """The price of the rest of a period, rounded down to a minor unit."""
    amount, remainder = divmod(price * rest.seconds, rest.of)
    return Part(price, rest, amount, remainder)


def tax_on(net: int, rate_ppm: int) -> int:
    """The tax on an amount that is not negative, rounded half up to a minor unit."""
    return (2 * net * rate_ppm + PPM) // (2 * PPM)
