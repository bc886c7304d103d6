"""The aliases that analytics routers use in their signatures."""

from typing import Annotated

from fastapi import Depends

from libs.common.http.deps import provide
from services.analytics.conversations.service import ConversationService
from services.analytics.dashboard.service import DashboardService
from services.analytics.demand_forecast.service import ForecastRunService, ForecastService
from services.analytics.insights.anomalies.service import AnomalyService
from services.analytics.insights.next_best_actions.service import NextBestActionService
from services.analytics.insights.price_recommendations.service import PriceRecommendationService
from services.analytics.insights.runs.service import RunService
from services.analytics.insights.sales_metrics.service import SalesMetricsService
from services.analytics.reports.service import ReportService

Conversations = Annotated[ConversationService, Depends(provide(ConversationService), scope="function")]
Dashboards = Annotated[DashboardService, Depends(provide(DashboardService), scope="function")]
Reports = Annotated[ReportService, Depends(provide(ReportService), scope="function")]
SalesMetricsOf = Annotated[SalesMetricsService, Depends(provide(SalesMetricsService), scope="function")]
Forecasts = Annotated[ForecastService, Depends(provide(ForecastService), scope="function")]
ForecastRuns = Annotated[ForecastRunService, Depends(provide(ForecastRunService), scope="function")]
Anomalies = Annotated[AnomalyService, Depends(provide(AnomalyService), scope="function")]
Runs = Annotated[RunService, Depends(provide(RunService), scope="function")]
PriceRecommendations = Annotated[
    PriceRecommendationService, Depends(provide(PriceRecommendationService), scope="function")
]
NextBestActions = Annotated[NextBestActionService, Depends(provide(NextBestActionService), scope="function")]
