"""The HTTP side of sales metrics."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from libs.contracts.features import INSIGHTS
from services.analytics.deps import SalesMetricsOf
from services.analytics.insights.sales_metrics.schemas import SalesMetrics, SalesMetricsQuery
from services.analytics.reports.table import AS_CSV, csv_response

router = APIRouter(prefix="/insight-analytics", tags=["insights"])
READ = allow("analytics.sales_metrics.read", feature=INSIGHTS)


@router.get("/sales-metrics", response_model=SalesMetrics, dependencies=[READ], responses=AS_CSV)
async def read_sales_metrics(query: Annotated[SalesMetricsQuery, Query()], metrics: SalesMetricsOf) -> Any:
    """How sales did in a stretch: figures, growth against the stretches before, and the trend with its evidence.

    Revenue is net of refunds, and the figures are those of `/analytics/sales/report` for the same stretch. A growth of
    0.1 is a tenth more. With fewer than 28 complete days of sales the trend is refused. `format=csv` gives `items`.
    """
    found = await metrics.read(query)
    if query.format == "csv":
        columns = ("period", "orders", "units", "gross", "refunds", "revenue")
        return csv_response("sales-metrics", columns, found.items, found.currency)
    return found
