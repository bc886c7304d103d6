"""Does the time of an answer tell whether an account exists? Two kinds of names, asked for in turn, and a rank test.

The test is that of Mann and Whitney, with the normal approximation: it asks whether one kind tends to take longer, by
however little, and no single slow answer sways it. That it finds nothing says something only together with what it
would have found, so that is measured too.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from statistics import median
from typing import Any

from bench.client import Connection

# One in a hundred honest runs falls below; a difference falls below in all.
LEVEL = 0.01
# A mail that an answer sets off is written by then: it is known accounts that have one, and it slows the answer after it.
_REST_SECONDS = 0.03


@dataclass(frozen=True, slots=True)
class Compared:
    """Medians in milliseconds, and how likely so great a difference in ranks is where there is none in truth.

    `found` are the milliseconds that an answer for one kind would have had to take longer to be told from the other.
    """

    known: float
    unknown: float
    p: float
    found: float


def rank_test(first: Sequence[float], second: Sequence[float]) -> float:
    """The two-sided p of the test of Mann and Whitney; ties share their ranks."""
    every = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks, ties, at = 0.0, 0.0, 0
    while at < len(every):
        end = at
        while end < len(every) and every[end][0] == every[at][0]:
            end += 1
        shared = (at + end + 1) / 2
        ranks += shared * sum(kind == 0 for _, kind in every[at:end])
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(first), len(second)
    total = n + m
    spread = sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    if spread == 0:
        return 1.0
    u = ranks - n * (n + 1) / 2
    # With the correction for continuity.
    z = max(0.0, abs(u - n * m / 2) - 0.5) / spread
    return erfc(z / sqrt(2))


def resolution(first: Sequence[float], second: Sequence[float], level: float) -> float:
    """The least that one kind would have had to take longer for the test to find it, at this level of p."""
    middle = median(first) - median(second)
    still = [value + middle for value in second]
    low, high = 0.0, max(first) - min(first) + max(second) - min(second) or 1.0
    while high - low > high / 1000:
        shift = (low + high) / 2
        if rank_test([value + shift for value in first], still) < level:
            high = shift
        else:
            low = shift
    return high


def compare(
    url: str,
    path: str,
    body_of: Callable[[str], Any],
    known: Sequence[str],
    unknown: Sequence[str],
    rounds: int,
    expect: int,
) -> Compared:
    """Ask for each kind of name so often, in turn and in random order within each pair."""
    times = asyncio.run(_ask(url, path, body_of, known, unknown, rounds, expect))
    return Compared(median(times[0]), median(times[1]), rank_test(*times), resolution(*times, LEVEL))


async def _ask(
    url: str,
    path: str,
    body_of: Callable[[str], Any],
    known: Sequence[str],
    unknown: Sequence[str],
    rounds: int,
    expect: int,
) -> tuple[list[float], list[float]]:
    connection = Connection(url)
    times: tuple[list[float], list[float]] = ([], [])
    order = random.Random(7)
    try:
        for number in range(-10, rounds):
            pair = [(times[0], known), (times[1], unknown)]
            order.shuffle(pair)
            for taken, names in pair:
                # Each name is asked for as often as any other, so what is counted of it is as much.
                body = body_of(names[number % len(names)])
                began = time.perf_counter()
                await connection.request("POST", path, body=body, expect=expect)
                if number >= 0:
                    taken.append((time.perf_counter() - began) * 1000)
                await asyncio.sleep(_REST_SECONDS)
    finally:
        connection.close()
    return times
