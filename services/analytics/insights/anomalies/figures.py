"""Daily figures of a business, ready to be judged."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.facts.models import OrderFact, OrderLineFact
from services.analytics.insights.anomalies.detection import Scale, Series
from services.analytics.reports.period import Grain, GrainedPeriod
from services.analytics.reports.repository import ReportRepository

# What is judged, and what it is judged by.
HISTORY_DAYS = 150
_TOP_PRODUCTS = 10


@dataclass(frozen=True, slots=True)
class Metric:
    """A daily figure: what it is of, its series, and what one unit of each day is worth in minor units."""

    name: str
    series: Series
    worth: list[float]
    product_id: UUID | None = None
    product_name: str | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The metrics of a business over the same complete days, oldest first."""

    currency: str
    days: list[date]
    metrics: list[Metric]
    usual_revenue: float


class FigureRepository(ReportRepository):
    """Reads daily figures, by the days of a time zone."""

    def __init__(self, uow: UnitOfWork, tz: str) -> None:
        super().__init__(uow)
        self.tz = tz
        self.now = uow.now

    async def read(self) -> Figures:
        """The figures of all complete days since the first sale, at most `HISTORY_DAYS`; today is not over."""
        currency = await self.currency(None)
        clock = GrainedPeriod(tz=self.tz)
        today = clock.local(self.now).date()
        period = GrainedPeriod(
            date_from=clock.start(datetime.combine(today - timedelta(days=HISTORY_DAYS), time())),
            date_to=clock.start(datetime.combine(today, time())),
            tz=self.tz,
            currency=currency,
            grain=Grain.DAY,
        )
        sales = {row.period.date(): row for row in await self.sales(period, currency)}
        if not sales:
            return Figures(currency, [], [], 0.0)
        first = min(sales)
        days = [first + timedelta(days=n) for n in range((today - first).days)]
        paid = {row.period.date(): row for row in await self._paid(period, currency)}
        metrics = _totals([sales.get(day) for day in days], [paid.get(day) for day in days])
        metrics += await self._products(period, currency, days)
        revenue = [value for value in metrics[0].series.values if value]
        return Figures(currency, days, metrics, median(revenue) if revenue else 0.0)

    async def _paid(self, period: GrainedPeriod, currency: str) -> list[Any]:
        bucket = period.bucket(OrderFact.paid_at).label("period")
        statement = (
            select(bucket, func.count().label("orders"), func.sum(OrderFact.total).label("total"))
            .where(
                OrderFact.tenant_id == self.tenant_id,
                OrderFact.currency == currency,
                *period.holds(OrderFact.paid_at),
            )
            .group_by(bucket)
        )
        return list((await self.session.execute(statement)).all())

    async def _products(self, period: GrainedPeriod, currency: str, days: list[date]) -> list[Metric]:
        top = await self.top_products(period, currency, "revenue", _TOP_PRODUCTS)
        bucket = period.bucket(OrderFact.paid_at).label("period")
        statement = (
            select(OrderLineFact.product_id, bucket, func.sum(OrderLineFact.quantity).label("units"))
            .join(
                OrderFact,
                (OrderFact.tenant_id == OrderLineFact.tenant_id)
                & (OrderFact.order_id == OrderLineFact.order_id),
            )
            .where(
                OrderLineFact.tenant_id == self.tenant_id,
                OrderLineFact.currency == currency,
                OrderLineFact.product_id.in_([row.product_id for row in top]),
                *period.holds(OrderFact.paid_at),
            )
            .group_by(OrderLineFact.product_id, bucket)
        )
        found = (await self.session.execute(statement)).all()
        units = {(row.product_id, row.period.date()): float(row.units) for row in found}
        metrics = []
        for row in top:
            values = [units.get((row.product_id, day), 0.0) for day in days]
            price = float(row.revenue) / max(float(row.quantity), 1.0)
            series = Series(values, values)
            metrics.append(Metric("product_units", series, [price] * len(days), row.product_id, row.name))
        return metrics


def _totals(sales: list[Any], paid: list[Any]) -> list[Metric]:
    """The figures of the whole business."""
    orders = [float(row.orders) if row else 0.0 for row in sales]
    gross = [float(row.captured) if row else 0.0 for row in sales]
    refunds = [float(row.refunded) if row else 0.0 for row in sales]
    revenue = [came - went for came, went in zip(gross, refunds, strict=True)]
    bought = [float(row.orders) if row else 0.0 for row in paid]
    average = [float(row.total) / row.orders if row else None for row in paid]
    rate = [min(went / came, 1.0) if came > 0 else None for came, went in zip(gross, refunds, strict=True)]
    # A hundredth of what is usual counts as small, in whichever currency.
    small = _small(revenue)
    usual = median([one for one in average if one is not None]) if any(bought) else 0.0
    return [
        Metric("revenue", Series(revenue, orders, unit=small), [1.0] * len(sales)),
        Metric("orders", Series(orders, orders), [usual] * len(sales)),
        Metric("average_order_value", Series(average, bought, unit=_small(average)), bought),
        Metric("refund_rate", Series(rate, bought, Scale.SHARE), gross),
    ]


def _small(values: list[float] | list[float | None]) -> float:
    some = [value for value in values if value]
    return max(median(some) / 100, 1.0) if some else 1.0
