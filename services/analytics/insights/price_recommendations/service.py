"""The rules of price recommendations: worked out each night, read as they were then."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.filters import ListQuery
from libs.common.ids import new_id
from libs.common.money import Money
from services.analytics.insights.evidence import Refusal, too_little
from services.analytics.insights.price_recommendations.assessment import NEEDS, Assessment, assess
from services.analytics.insights.price_recommendations.models import PriceRecommendation
from services.analytics.insights.price_recommendations.panel import PanelRepository
from services.analytics.insights.price_recommendations.repository import PriceRecommendationRepository
from services.analytics.insights.price_recommendations.schemas import (
    Expected,
    PriceEvidence,
    PriceRecommendationOut,
)
from services.analytics.insights.runs.repository import RunRepository
from services.analytics.insights.runs.service import PRICES, RunService

# An elasticity that is known to half a percent each way is known well.
_WELL_KNOWN = 1.0


class PriceRecommendationService:
    """The price recommendations of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = PriceRecommendationRepository(uow)
        self.runs = RunService(uow)

    async def list(self, query: ListQuery) -> dict[str, Any]:
        """One page, with what the last run came to."""
        rows, cursor = await self.rows.page(query)
        as_of, refused, _ = await self.runs.state(PRICES)
        items = [shown(row) for row in rows]
        return {"items": items, "next_cursor": cursor, "as_of": as_of, "refused": refused}

    async def compute(self) -> None:
        """Look at all prices anew."""
        tz = await RunRepository(self.uow).tz(PRICES)
        currency, panels = await PanelRepository(self.uow, tz).read()
        found = await assess(panels, currency, _turns())
        now = self.uow.now
        await self.rows.replace([self._row(one, currency) | {"computed_at": now} for one in found], now)
        refused = None
        if all(one.refused and one.evidence.elasticity is None for one in found):
            most = max((one.evidence.price_weeks for one in found), default=0)
            refused = too_little(
                f"The variant sold longest has {most} weeks with sales.", f"one with {NEEDS}"
            )
        await self.runs.finish(PRICES, refused, None)

    def _row(self, one: Assessment, currency: str) -> dict[str, Any]:
        panel, advice, now = one.panel, one.advice, self.uow.now
        moves = advice is not None and advice.action != "keep"
        return {
            "tenant_id": self.uow.tenant_id,
            "id": new_id(),
            "created_at": now,
            "updated_at": now,
            "product_id": panel.product_id,
            "variant_id": panel.variant_id,
            "sku": panel.sku,
            "name": panel.name,
            "currency": currency,
            "action": advice.action if advice else "refused",
            "current_price": panel.current,
            "recommended_price": advice.price if advice else None,
            "gain": one.expected.weekly_gain.amount if one.expected and moves else None,
            "expected": one.expected.model_dump(mode="json") if one.expected and moves else None,
            "evidence": one.evidence.model_dump(mode="json"),
            "refused": one.refused.model_dump(mode="json") if one.refused else None,
        }


async def _turns() -> AsyncIterator[None]:
    while True:
        await asyncio.sleep(0)
        yield


def shown(row: PriceRecommendation) -> PriceRecommendationOut:
    """A recommendation as the API shows it."""
    evidence = PriceEvidence(**row.evidence)
    refused = Refusal(**row.refused) if row.refused else None
    price = row.recommended_price
    return PriceRecommendationOut(
        id=row.id,
        product_id=row.product_id,
        variant_id=row.variant_id,
        sku=row.sku,
        name=row.name,
        action=row.action,
        current_price=Money(amount=row.current_price, currency=row.currency),
        recommended_price=None if price is None else Money(amount=price, currency=row.currency),
        change=None if price is None else round(price / row.current_price - 1, 4),
        objective="revenue",
        is_cost_known=False,
        confidence=None if refused else _confidence(evidence),
        expected=Expected(**row.expected) if row.expected else None,
        evidence=evidence,
        refused=refused,
        explanation=refused.detail if refused else _explanation(row.action, evidence),
        computed_at=row.computed_at,
    )


def _confidence(evidence: PriceEvidence) -> str:
    if evidence.backtest is None or not evidence.backtest.beats_naive or evidence.interval is None:
        return "low"
    return "high" if evidence.interval.high - evidence.interval.low <= _WELL_KNOWN else "medium"


def _explanation(action: str, evidence: PriceEvidence) -> str:
    assert evidence.interval is not None
    low, high = evidence.interval.low, evidence.interval.high
    seen = f"A price one percent higher went with {low:.2f} to {high:.2f} percent more pieces sold"
    why = {
        "raise": "so a higher price is likely to bring more revenue",
        "lower": "so a lower price is likely to bring more revenue",
        "keep": "so another price is not likely to bring more revenue, or none further was tried",
    }[action]
    return f"{seen} in {evidence.price_weeks} weeks, {why}. Cost is not known: this is about revenue, not profit."
