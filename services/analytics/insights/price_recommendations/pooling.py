"""Lets the estimates of one business lend each other strength: what is told poorly leans on what the others say."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from services.analytics.insights.price_recommendations.elasticity import Elasticity

LEAST_POOLED = 5
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class Pool:
    """What the estimates have in common: their mean with its error, and how far true values lie apart."""

    mean: float
    error: float
    between: float
    size: int


@dataclass(frozen=True, slots=True)
class Pooled:
    """An estimate after it has leant on the pool, with its interval at 95 %."""

    value: float
    low: float
    high: float
    weight_of_pool: float


def pool_of(estimates: Sequence[Elasticity]) -> Pool | None:
    """The pool of at least `LEAST_POOLED` estimates (DerSimonian and Laird, Controlled Clinical Trials 7, 1986)."""
    if len(estimates) < LEAST_POOLED:
        return None
    weights = [1 / one.error**2 for one in estimates]
    total = sum(weights)
    mean = sum(w * one.value for w, one in zip(weights, estimates, strict=True)) / total
    spread = sum(w * (one.value - mean) ** 2 for w, one in zip(weights, estimates, strict=True))
    room = total - sum(w * w for w in weights) / total
    between = max(0.0, (spread - (len(estimates) - 1)) / room)
    wide = [1 / (one.error**2 + between) for one in estimates]
    mean = sum(w * one.value for w, one in zip(wide, estimates, strict=True)) / sum(wide)
    return Pool(mean, sqrt(1 / sum(wide)), sqrt(between), len(estimates))


def shrink(own: Elasticity, pool: Pool | None) -> Pooled:
    """The estimate by empirical Bayes: between its own value and the mean of the pool, by how sure each is."""
    if pool is None:
        return Pooled(own.value, own.value - _Z * own.error, own.value + _Z * own.error, 0.0)
    weight = own.error**2 / (own.error**2 + pool.between**2)
    value = weight * pool.mean + (1 - weight) * own.value
    error = sqrt((1 - weight) * own.error**2 + weight**2 * pool.error**2)
    return Pooled(value, value - _Z * error, value + _Z * error, weight)
