"""The background work of price recommendations."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.jobs.job import Job
from services.analytics.insights.price_recommendations.service import PriceRecommendationService
from services.analytics.insights.runs.service import JOBS as KINDS
from services.analytics.insights.runs.service import PRICES


async def recommend_prices(uow: UnitOfWork, args: dict[str, Any]) -> None:
    """Look at the prices of a business."""
    await PriceRecommendationService(uow).compute()


JOBS = (Job(KINDS[PRICES], recommend_prices, lease=600),)
