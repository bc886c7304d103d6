"""The HTTP side of price recommendations."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from libs.contracts.features import INSIGHTS
from services.analytics.deps import PriceRecommendations, Runs
from services.analytics.insights.price_recommendations.schemas import (
    PriceRecommendationPage,
    PriceRecommendationQuery,
)
from services.analytics.insights.runs.schemas import RefreshIn, RefreshOut
from services.analytics.insights.runs.service import PRICES

router = APIRouter(prefix="/insight-analytics", tags=["insights"])
READ = allow("analytics.price_recommendations.read", feature=INSIGHTS)
WRITE = allow("analytics.price_recommendations.write", feature=INSIGHTS)


@router.get("/price-recommendations", response_model=PriceRecommendationPage, dependencies=[READ])
async def list_price_recommendations(
    query: Annotated[PriceRecommendationQuery, Query()], recommendations: PriceRecommendations
) -> Any:
    """List what past sales say of prices, the greatest gain first: the two hundred variants that brought most.

    Each says by how much sales answer the price, with an interval and a backtest, or why nothing can be said
    (`action=refused`): fewer than 20 weeks with sales, prices less than 5 % apart, no clear effect, or one that foretells no
    better than the weeks before. A price recommended lies within a tenth of the prices that were paid and a fifth of the
    one asked now. Cost is not known here, so the price is the one of most revenue, not of most profit; and what happened
    to be asked is no experiment: try a change before you rely on it.
    """
    return await recommendations.list(query)


@router.post(
    "/price-recommendations/refresh", response_model=RefreshOut, status_code=202, dependencies=[WRITE]
)
async def refresh_price_recommendations(runs: Runs, body: RefreshIn | None = None) -> Any:
    """Have prices looked at now, and by the weeks of `tz` from now on where it is given; else each night."""
    await runs.request(PRICES, body.tz if body else None)
    return {"status": "queued"}
