"""The aliases that analytics routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.analytics.dashboard.service import DashboardService
from services.analytics.insights.sales_metrics.service import SalesMetricsService
from services.analytics.reports.service import ReportService

Dashboards = Annotated[DashboardService, Depends(provide(DashboardService), scope="function")]
Reports = Annotated[ReportService, Depends(provide(ReportService), scope="function")]
SalesMetricsOf = Annotated[SalesMetricsService, Depends(provide(SalesMetricsService), scope="function")]
