"""Turns rows of facts into reports."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.money import Total
from services.analytics.reports.period import GrainedPeriod, Period
from services.analytics.reports.repository import ReportRepository
from services.analytics.reports.schemas import (
    FunnelQuery,
    FunnelReport,
    FunnelStage,
    IncomeRow,
    IncomeSummary,
    LeadSource,
    LeadSourceReport,
    SalesQuery,
    SalesReport,
    SalesRow,
    TopProduct,
    TopProductReport,
    TopProductsQuery,
)


class ReportService:
    """The reports of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.rows = ReportRepository(uow)

    async def sales(self, query: SalesQuery) -> SalesReport:
        """Sales over time, in one currency."""
        currency = await self.rows.currency(query.currency)
        items = [sales_row(row, query, currency) for row in await self.rows.sales(query, currency)]
        totals = None
        if items:
            totals = SalesRow(
                period=items[0].period,
                orders=sum(row.orders for row in items),
                units=sum(row.units for row in items),
                gross=self._sum([row.gross for row in items], currency),
                refunds=self._sum([row.refunds for row in items], currency),
                revenue=self._sum([row.revenue for row in items], currency),
            )
        return SalesReport(grain=query.grain, tz=query.tz, currency=currency, items=items, totals=totals)

    async def income(self, query: GrainedPeriod) -> IncomeSummary:
        """Money in and out over time, every currency apart."""
        items = [
            IncomeRow(
                period=query.start(row.period),
                captured=Total(amount=int(row.captured), currency=row.currency),
                refunded=Total(amount=int(row.refunded), currency=row.currency),
                net=Total(amount=int(row.captured) - int(row.refunded), currency=row.currency),
            )
            for row in await self.rows.income(query)
        ]
        currencies = sorted({row.net.currency for row in items})
        totals = [
            self._sum([row.net for row in items if row.net.currency == code], code) for code in currencies
        ]
        return IncomeSummary(grain=query.grain, tz=query.tz, items=items, totals=totals)

    async def funnel(self, query: FunnelQuery) -> FunnelReport:
        """How many deals have reached each stage; the widest stage of a pipeline counts as the whole."""
        rows = await self.rows.funnel(query, query.pipeline)
        widest: dict[str, int] = {}
        for row in rows:
            widest[row.pipeline] = max(widest.get(row.pipeline, 0), row.entered)
        return FunnelReport(
            items=[
                FunnelStage(
                    pipeline=row.pipeline,
                    stage=row.stage,
                    entered=row.entered,
                    now=row.now,
                    won=row.won,
                    share=round(row.entered / widest[row.pipeline], 4),
                )
                for row in rows
            ]
        )

    async def lead_sources(self, query: Period) -> LeadSourceReport:
        """Where leads come from, and what became of them."""
        currency = await self.rows.currency(query.currency)
        return LeadSourceReport(
            items=[
                LeadSource(
                    source=row.source,
                    leads=row.leads,
                    converted=row.converted,
                    won=row.won,
                    won_amount=Total(amount=int(row.amount), currency=currency),
                    conversion=round(row.converted / row.leads, 4),
                )
                for row in await self.rows.lead_sources(query, currency)
            ]
        )

    async def top_products(self, query: TopProductsQuery) -> TopProductReport:
        """The products that paid orders held most of."""
        currency = await self.rows.currency(query.currency)
        return TopProductReport(
            by=query.by,
            currency=currency,
            items=[
                TopProduct(
                    product_id=row.product_id,
                    name=row.name,
                    quantity=int(row.quantity),
                    revenue=Total(amount=int(row.revenue), currency=currency),
                    orders=row.orders,
                )
                for row in await self.rows.top_products(query, currency, query.by, query.limit)
            ],
        )

    @staticmethod
    def _sum(values: list[Total], currency: str) -> Total:
        return sum(values, start=Total(amount=0, currency=currency))


def sales_row(row: Any, period: GrainedPeriod, currency: str) -> SalesRow:
    """A row of the sales report from the figures of its stretch."""
    captured, refunded = int(row.captured), int(row.refunded)
    return SalesRow(
        period=period.start(row.period),
        orders=int(row.orders),
        units=int(row.units),
        gross=Total(amount=captured, currency=currency),
        refunds=Total(amount=refunded, currency=currency),
        revenue=Total(amount=captured - refunded, currency=currency),
    )
