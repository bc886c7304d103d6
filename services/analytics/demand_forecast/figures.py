"""Whether forecasts are computed, for `/metrics`."""

from prometheus_client import Counter, Gauge
from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.demand_forecast.models import ForecastRun
from services.analytics.demand_forecast.repository import UNFINISHED

forecasts_oldest_seconds = Gauge(
    "pillars_forecasts_oldest_seconds", "Age of the oldest run of forecasts that has not ended"
)
worker_failures = Counter(
    "pillars_forecast_worker_failures_total", "Batches to which the forecasting worker gave no answer"
)


async def measure_forecasts(uow: UnitOfWork) -> None:
    """How long somebody has waited for forecasts; in the platform scope."""
    oldest = await uow.session.scalar(
        select(func.min(ForecastRun.created_at)).where(ForecastRun.status.in_(UNFINISHED))
    )
    forecasts_oldest_seconds.set((uow.now - oldest).total_seconds() if oldest else 0)
