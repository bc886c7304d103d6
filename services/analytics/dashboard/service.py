"""Puts the figures of the dashboard together."""

from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.money import Total
from services.analytics.dashboard.schemas import (
    Dashboard,
    DealFigures,
    OrderFigures,
    StockFigures,
    TaskFigures,
)
from services.analytics.reports.period import Period
from services.analytics.reports.repository import ReportRepository


class DashboardService:
    """The dashboard of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = ReportRepository(uow)

    async def read(self, period: Period) -> Dashboard:
        """All figures, money in one currency."""
        currency = await self.rows.currency(period.currency)
        orders = await self.rows.order_counts(period, currency)
        money = await self.rows.money(period, currency)
        tasks = await self.rows.tasks(self.uow.now)
        stock = await self.rows.stock()

        def in_currency(amount: Any) -> Total:
            return Total(amount=int(amount), currency=currency)

        average = money.of_orders // money.payments if money.payments else 0
        return Dashboard(
            currency=currency,
            revenue=in_currency(money.captured - money.refunded),
            gross=in_currency(money.captured),
            refunds=in_currency(money.refunded),
            orders=OrderFigures(
                count=orders.placed,
                paid=orders.paid,
                completed=orders.completed,
                cancelled=orders.cancelled,
                expired=orders.expired,
                customers=orders.customers,
                average=in_currency(average),
            ),
            deals=await self._deals(period, currency),
            leads=await self.rows.lead_count(period),
            tasks=TaskFigures(open=tasks.open, overdue=tasks.overdue, completed=tasks.completed),
            stock=StockFigures(
                on_hand=int(stock.on_hand),
                reserved=int(stock.reserved),
                allocated=int(stock.allocated),
                available=int(stock.available),
                sold_out=stock.sold_out,
            ),
            as_of=self.uow.now,
        )

    async def _deals(self, period: Period, currency: str) -> DealFigures:
        rows = {row.status: row for row in await self.rows.deals(period, currency)}

        def figure(status: str, name: str) -> int:
            return int(getattr(rows[status], name)) if status in rows else 0

        return DealFigures(
            open=figure("open", "deals"),
            won=figure("won", "deals"),
            lost=figure("lost", "deals"),
            open_amount=Total(amount=figure("open", "amount"), currency=currency),
            won_amount=Total(amount=figure("won", "amount"), currency=currency),
        )
