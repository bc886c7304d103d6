"""The HTTP side of the reports."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from libs.common.http.deps import allow
from libs.common.http.problems import problems
from services.analytics.deps import Reports
from services.analytics.reports.errors import ReportTooLong
from services.analytics.reports.period import GrainedPeriod, Period
from services.analytics.reports.schemas import (
    FunnelQuery,
    FunnelReport,
    IncomeSummary,
    LeadSourceReport,
    SalesQuery,
    SalesReport,
    TopProductReport,
    TopProductsQuery,
)
from services.analytics.reports.table import AS_CSV, csv_response

router = APIRouter(prefix="/analytics", tags=["analytics"])
READ = allow("analytics.reports.read")
LONG = problems(ReportTooLong)


@router.get("/sales/report", response_model=SalesReport, dependencies=[READ], responses=AS_CSV | LONG)
async def read_sales_report(query: Annotated[SalesQuery, Query()], reports: Reports) -> Any:
    """Sales over time: orders placed, pieces sold, money captured and refunded, per row of the grain.

    Rows begin and end by the clock of `tz`. Rows without sales are left out. Revenue is net of refunds.
    """
    report = await reports.sales(query)
    if query.format == "csv":
        return csv_response(
            "sales",
            ("period", "orders", "units", "gross", "refunds", "revenue"),
            report.items,
            report.currency,
        )
    return report


@router.get("/income-summary", response_model=IncomeSummary, dependencies=[READ], responses=LONG)
async def read_income_summary(query: Annotated[GrainedPeriod, Query()], reports: Reports) -> Any:
    """Money captured for orders and paid on other invoices, and money refunded, over time; every currency apart."""
    return await reports.income(query)


@router.get("/funnel", response_model=FunnelReport, dependencies=[READ], responses=LONG)
async def read_funnel(query: Annotated[FunnelQuery, Query()], reports: Reports) -> Any:
    """How many deals have reached each stage of each pipeline."""
    return await reports.funnel(query)


@router.get("/lead-sources", response_model=LeadSourceReport, dependencies=[READ], responses=LONG)
async def read_lead_sources(query: Annotated[Period, Query()], reports: Reports) -> Any:
    """Where leads come from, how many became deals, and what was won."""
    return await reports.lead_sources(query)


@router.get("/top-products", response_model=TopProductReport, dependencies=[READ], responses=AS_CSV)
async def read_top_products(query: Annotated[TopProductsQuery, Query()], reports: Reports) -> Any:
    """The products that paid orders held most of, by money or by pieces."""
    report = await reports.top_products(query)
    if query.format == "csv":
        return csv_response(
            "top-products",
            ("product_id", "name", "quantity", "revenue", "orders"),
            report.items,
            report.currency,
        )
    return report
