"""The HTTP side of the dashboard."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from services.analytics.dashboard.schemas import Dashboard
from services.analytics.deps import Dashboards
from services.analytics.reports.period import Period

router = APIRouter(prefix="/analytics", tags=["analytics"])


@router.get("/dashboard", response_model=Dashboard, dependencies=[allow("analytics.dashboard.read")])
async def read_dashboard(period: Annotated[Period, Query()], dashboards: Dashboards) -> Any:
    """The figures of the business at a glance: orders, revenue, deals, leads, tasks, stock.

    They follow the facts within about a second, and cover all time unless `from` and `to` are given.
    """
    return await dashboards.read(period)
