"""From an elasticity to a price: only where more revenue is likely at either end of its interval.

What a piece costs is not known here, so the price is the one of most revenue, not of most profit.
"""

from dataclasses import dataclass
from math import ceil, floor

from services.analytics.insights.price_recommendations.pooling import Pooled

# Beyond the prices that were tried nothing was seen; a tenth further is as far as one may guess.
_BEYOND = 0.1
# No further at one time, so that what comes of a step is seen before the next.
_STEP = 0.2


@dataclass(frozen=True, slots=True)
class Advice:
    """`raise`, `lower` or `keep`, the price in minor units, and by what share weekly revenue is likely to grow."""

    action: str
    price: int
    change: float
    low: float
    high: float


def advise(elasticity: Pooled, current: int, cheapest: float, dearest: float) -> Advice:
    """The price to ask, given the one asked now and the range of those that were paid.

    Revenue grows with the price while the elasticity is above -1, and with a lower price while it is below.
    """
    lowest = max(1, ceil(cheapest * (1 - _BEYOND)), ceil(current * (1 - _STEP)))
    highest = min(floor(dearest * (1 + _BEYOND)), floor(current * (1 + _STEP)))
    price = current
    if elasticity.low > -1:
        price = max(current, highest)
    elif elasticity.high < -1:
        price = min(current, lowest)
    changes = sorted(
        (price / current) ** (1 + value) - 1 for value in (elasticity.low, elasticity.value, elasticity.high)
    )
    action = "raise" if price > current else "lower" if price < current else "keep"
    return Advice(action, price, changes[1], changes[0], changes[2])
