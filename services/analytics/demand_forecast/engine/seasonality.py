"""Whether demand repeats itself by season, and by how much the places of a season differ."""

from math import sqrt
from operator import mul

from services.analytics.demand_forecast.engine.series import Shape, Values, observed

# One series in ten without a season passes for one that has it: the limit that the Theta method uses.
_SIGNIFICANT = 1.645
# Places where next to nothing is sold, such as days on which a shop is closed, tell nothing of the level.
_CLOSED = 0.1


def profile(values: Values, shape: Shape) -> list[float] | None:
    """The factors of the places of a season, from the bucket after the last one on; None where there is no season."""
    season = shape.season
    if len(values) < season * shape.seasons:
        return None
    known = observed(values)
    mean = sum(known) / len(known) if known else 0.0
    if mean <= 0 or not _repeats([0.0 if value is None else value - mean for value in values], season):
        return None
    places = [observed(values[(len(values) + place) % season :: season]) for place in range(season)]
    doubt = _doubt([own for own in places if own], mean)
    if doubt is None:
        return None
    return [(sum(own) + doubt * mean) / (len(own) + doubt) / mean for own in places]


def _doubt(places: list[list[float]], mean: float) -> float | None:
    """As how many average buckets the mean weighs against those of a place: what is seen seldom is trusted less.

    The variance within places by that between them (empirical Bayes); None where they differ no more than by chance.
    """
    means = [sum(own) / len(own) for own in places]
    spread = [(value - own) ** 2 for own, seen in zip(means, places, strict=True) for value in seen]
    within = sum(spread) / max(1, len(spread) - len(places))
    each = len(spread) / len(places)
    between = sum((own - mean) ** 2 for own in means) / len(means) - within / each
    return within / between if between > 0 else None


def _repeats(gaps: list[float], season: int) -> bool:
    """Whether the autocorrelation at the lag of a season is more than chance."""
    whole = sum(map(mul, gaps, gaps))
    if whole == 0:
        return False
    before = [sum(map(mul, gaps, gaps[lag:])) / whole for lag in range(1, season + 1)]
    at_season = before.pop()
    return at_season > _SIGNIFICANT * sqrt((1 + 2 * sum(map(mul, before, before))) / len(gaps))


def without(values: Values, factors: list[float]) -> list[float | None]:
    """The series as it would be without its season."""
    season, start = len(factors), -len(values)
    found: list[float | None] = []
    for index, value in enumerate(values):
        factor = factors[(start + index) % season]
        found.append(None if value is None or factor < _CLOSED else value / factor)
    return found


def within(ahead: list[float], factors: list[float]) -> list[float]:
    """A forecast without season, with it."""
    return [value * factors[step % len(factors)] for step, value in enumerate(ahead)]
