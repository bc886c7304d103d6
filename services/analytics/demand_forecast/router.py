"""The HTTP side of forecasts of demand."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from libs.common.errors import InvalidCursor, NotFound, RateLimited
from libs.common.http.deps import allow
from libs.common.http.problems import problems
from libs.common.pagination import Page
from libs.contracts.features import FORECASTING
from services.analytics.demand_forecast.schemas import (
    ForecastPage,
    ForecastQuery,
    RefreshBody,
    RefreshOut,
    RunOut,
    RunQuery,
)
from services.analytics.deps import ForecastRuns, Forecasts

router = APIRouter(prefix="/insight-analytics/demand-forecast", tags=["insight-analytics"])
READ = allow("analytics.demand_forecast.read", feature=FORECASTING)
REFRESH = allow("analytics.demand_forecast.refresh", feature=FORECASTING)
_RETRY_SECONDS = "5"


@router.get("", response_model=ForecastPage, dependencies=[READ], responses=problems(NotFound, InvalidCursor))
async def forecast_demand(
    query: Annotated[ForecastQuery, Query()], forecasts: Forecasts, response: Response
) -> Any:
    """Forecast the demand for each variant, with the evidence; those sold most lately come first.

    Demand is what paid orders hold, by when they were paid, in buckets of `tz`; cancelled orders count for nothing. Each
    forecast names its method, how that did on the past beside the naive forecast, and an interval made of those errors.
    A variant with too little data has `refused`, the `reason` and what it `needs` in place of a forecast.

    All of a business are computed at night, and on demand by `POST …/refresh`. Before the first time the answer is
    computed at once by the plain methods, twenty series a page (`status` is `computing`, `Retry-After` says when to ask
    again). What is named and was never sold is refused, after what was sold where all that fits on one page; where there is
    nothing of what is named, or it is another business's, it is 404.
    """
    page = await forecasts.page(query)
    if page.status == "computing":
        response.headers["Retry-After"] = _RETRY_SECONDS
    return page


@router.post(
    "/refresh",
    response_model=RefreshOut,
    status_code=202,
    dependencies=[REFRESH],
    responses=problems(RateLimited),
)
async def refresh_forecasts(forecasts: Forecasts, body: RefreshBody | None = None) -> Any:
    """Have the forecasts of the business computed anew; those before stay readable meanwhile.

    Without a body: of days, weeks and months in UTC. What waits or is under way already is answered, not repeated. The
    runs tell how far they are: `GET …/runs/{run_id}`.
    """
    return await forecasts.refresh(body or RefreshBody())


@router.get("/runs", response_model=Page[RunOut], dependencies=[READ])
async def list_forecast_runs(query: Annotated[RunQuery, Query()], runs: ForecastRuns) -> Any:
    """List the computations of forecasts, newest first; those that are over are kept for 30 days."""
    return await runs.list(query)


@router.get("/runs/{run_id}", response_model=RunOut, dependencies=[READ], responses=problems(NotFound))
async def get_forecast_run(run_id: UUID, runs: ForecastRuns) -> Any:
    """Read how far a computation of forecasts is."""
    return await runs.get(run_id)
