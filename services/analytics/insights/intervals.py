"""Intervals and tests, in plain Python: what needs a few sums needs no numerical library in a serving process."""

from collections.abc import Sequence
from math import erfc, sqrt
from statistics import NormalDist

_NORMAL = NormalDist()


def t_quantile(probability: float, freedom: float) -> float:
    """The quantile of Student's t with this many degrees of freedom, by the expansion of Cornish and Fisher.

    Within 0.1 % from 8 degrees of freedom on. Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5.
    """
    z = _NORMAL.inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4


def two_sided_p(z: float) -> float:
    """How likely a normal value lies at least this far from the mean, on either side."""
    return erfc(abs(z) / sqrt(2))


def wilson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The interval of a share by Wilson's score: it holds for few trials and for shares near 0 and 1.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927).
    """
    if trials == 0:
        return 0.0, 1.0
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share, square = hits / trials, z * z / trials
    middle = (share + square / 2) / (1 + square)
    half = z / (1 + square) * sqrt(share * (1 - share) / trials + square / (4 * trials))
    # Rounding takes neither bound past the share itself.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def false_discoveries(p_values: Sequence[float], rate: float) -> list[bool]:
    """Which of several tests stand when at most this share of those that stand may be chance.

    Source: Benjamini and Hochberg, Journal of the Royal Statistical Society B 57 (1995).
    """
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    last = 0
    for rank, index in enumerate(ranked, 1):
        if p_values[index] <= rate * rank / len(p_values):
            last = rank
    kept = set(ranked[:last])
    return [index in kept for index in range(len(p_values))]
