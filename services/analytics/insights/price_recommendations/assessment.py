"""Assesses the panels of a business together: an elasticity for each, a price where one can be told."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from libs.common.money import Money
from services.analytics.insights.evidence import Backtest, Interval, Refusal, too_little
from services.analytics.insights.price_recommendations.advice import Advice, advise
from services.analytics.insights.price_recommendations.elasticity import (
    LEAST_PRICE_WEEKS,
    LEAST_VARIATION,
    Elasticity,
    Held,
    estimate,
    hold_out,
    price_weeks,
    variation,
)
from services.analytics.insights.price_recommendations.panel import Panel
from services.analytics.insights.price_recommendations.pooling import Pool, Pooled, pool_of, shrink
from services.analytics.insights.price_recommendations.regression import NotEstimable
from services.analytics.insights.price_recommendations.schemas import Expected, PoolEvidence, PriceEvidence

_METHOD = "Poisson regression of weekly pieces on price, trend and how busy the business was; empirical Bayes"
_RECENT_WEEKS = 8
NEEDS = f"{LEAST_PRICE_WEEKS} weeks with sales, at prices at least {LEAST_VARIATION:.0%} apart"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What was made of a panel: an advice, or the reason why there is none."""

    panel: Panel
    advice: Advice | None
    expected: Expected | None
    evidence: PriceEvidence
    refused: Refusal | None


async def assess(panels: Sequence[Panel], currency: str, pause: AsyncIterator[None]) -> list[Assessment]:
    """Assess all panels; after each of them others have their turn."""
    refusals: dict[int, Refusal] = {}
    found: dict[int, tuple[Elasticity, Held | None]] = {}
    for number, panel in enumerate(panels):
        refused = _too_little(panel)
        if refused is None:
            try:
                found[number] = estimate(panel.weeks), hold_out(panel.weeks)
            except NotEstimable:
                refused = Refusal(
                    reason="not-estimable",
                    detail="The price changed only together with something else that changed.",
                    needs="prices that go up and down at different times",
                )
        if refused is not None:
            refusals[number] = refused
        await anext(pause)
    pool = pool_of([own for own, _ in found.values()])
    return [
        _refused(panel, currency, refusals[number])
        if number in refusals
        else _assessed(panel, currency, *found[number], pool)
        for number, panel in enumerate(panels)
    ]


def _too_little(panel: Panel) -> Refusal | None:
    weeks, apart = price_weeks(panel.weeks), variation(panel.weeks)
    if weeks < LEAST_PRICE_WEEKS:
        return too_little(f"There are {weeks} weeks with sales.", NEEDS)
    if apart < LEAST_VARIATION:
        return too_little(f"The prices paid lie {apart:.1%} apart.", NEEDS)
    return None


def _assessed(
    panel: Panel, currency: str, own: Elasticity, held: Held | None, pool: Pool | None
) -> Assessment:
    pooled = shrink(own, pool)
    evidence = _evidence(panel, currency).model_copy(
        update={
            "elasticity": round(pooled.value, 4),
            "interval": Interval(low=round(pooled.low, 4), high=round(pooled.high, 4)),
            "own_elasticity": round(own.value, 4),
            "own_standard_error": round(own.error, 4),
            "pool": _pool(pool, pooled),
            "backtest": _backtest(held),
        }
    )
    refused = None
    if pooled.high >= 0:
        refused = Refusal(
            reason="effect-unclear",
            detail="Whether less is sold at a higher price cannot be told from chance.",
            needs="more weeks, or prices further apart",
        )
    elif held is not None and held.error > held.naive:
        refused = Refusal(
            reason="no-better-than-naive",
            detail="The elasticity foretold weeks it had not seen worse than the four weeks before them did.",
            needs="more weeks at different prices",
        )
    if refused is not None:
        return Assessment(panel, None, None, evidence, refused)
    paid = [week.price for week in panel.weeks if week.is_observed]
    advice = advise(pooled, panel.current, min(paid), max(paid))
    weekly = fmean(week.units for week in panel.weeks[-_RECENT_WEEKS:]) * panel.current
    expected = Expected(
        revenue_change=round(advice.change, 4),
        interval=Interval(low=round(advice.low, 4), high=round(advice.high, 4)),
        weekly_gain=Money(amount=round(weekly * advice.change), currency=currency),
    )
    return Assessment(panel, advice, expected, evidence, None)


def _refused(panel: Panel, currency: str, refused: Refusal) -> Assessment:
    return Assessment(panel, None, None, _evidence(panel, currency), refused)


def _evidence(panel: Panel, currency: str) -> PriceEvidence:
    paid = [week.price for week in panel.weeks if week.is_observed]
    return PriceEvidence(
        weeks=len(panel.weeks),
        price_weeks=len(paid),
        price_low=Money(amount=round(min(paid)), currency=currency),
        price_high=Money(amount=round(max(paid)), currency=currency),
        price_variation=round(variation(panel.weeks), 4),
        method=_METHOD,
    )


def _pool(pool: Pool | None, pooled: Pooled) -> PoolEvidence | None:
    if pool is None:
        return None
    return PoolEvidence(
        elasticity=round(pool.mean, 4),
        standard_error=round(pool.error, 4),
        between=round(pool.between, 4),
        variants=pool.size,
        weight=round(pooled.weight_of_pool, 4),
    )


def _backtest(held: Held | None) -> Backtest | None:
    if held is None:
        return None
    return Backtest(
        measure="mean absolute error in pieces a week",
        error=round(held.error, 4),
        naive_error=round(held.naive, 4),
        naive="the mean of the four weeks before",
        origins=held.weeks,
        beats_naive=held.error < held.naive,
    )
