"""Puts sales metrics together: the figures of the sales report, compared, with their trend."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.common.db.unit_of_work import UnitOfWork
from libs.common.money import Total
from services.analytics.insights.evidence import Backtest, Interval, Refusal, too_little
from services.analytics.insights.sales_metrics.repository import SalesMetricsRepository
from services.analytics.insights.sales_metrics.schemas import (
    Growth,
    SalesFigures,
    SalesMetrics,
    SalesMetricsQuery,
    SalesTrend,
    TrendEvidence,
)
from services.analytics.insights.sales_metrics.stretches import Stretch, Stretches
from services.analytics.insights.sales_metrics.trend import LEAST_DAYS, WEEK, backtest, trend_of
from services.analytics.reports.period import Grain, GrainedPeriod
from services.analytics.reports.service import sales_row

_METHOD = "least squares over daily revenue, with the standard error of Newey and West"


class SalesMetricsService:
    """The sales metrics of one business."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.rows = SalesMetricsRepository(uow)

    async def read(self, query: SalesMetricsQuery) -> SalesMetrics:
        """The metrics of a stretch, in one currency.

        Raises:
            ValidationFailed: the stretch is too long.
        """
        now = self.uow.now
        stretches = Stretches(query, now)
        currency = await self.rows.currency(query.currency)
        three = (stretches.whole, stretches.previous, stretches.last_year)
        customers = await self.rows.customers([one.counted for one in three], currency)
        sales = [await self.rows.sales(one.counted, currency) for one in three]
        whole, previous, last_year = [
            await self._figures(one, rows, counts, currency)
            for one, rows, counts in zip(three, sales, customers, strict=True)
        ]
        trend = await self._trend(stretches, currency)
        return SalesMetrics(
            **{name: getattr(whole, name) for name in SalesFigures.model_fields},
            currency=currency,
            tz=query.tz,
            grain=query.grain,
            previous=previous,
            last_year=last_year,
            growth=_growth(whole, previous),
            growth_last_year=_growth(whole, last_year),
            trend=trend if isinstance(trend, SalesTrend) else None,
            refused=trend if isinstance(trend, Refusal) else None,
            items=[sales_row(row, query, currency) for row in sales[0]],
            as_of=now,
        )

    async def _figures(
        self, stretch: Stretch, rows: Sequence[Any], customers: tuple[int, int], currency: str
    ) -> SalesFigures:
        period = stretch.counted
        assert period.date_from
        assert period.date_to
        gross, refunds = (sum(int(getattr(row, name)) for row in rows) for name in ("captured", "refunded"))
        paid = await self.rows.paid(period, currency)
        placed = await self.rows.placed(period, currency)
        leads = await self.rows.leads(period)
        average = Total(amount=int(paid.total) // paid.orders, currency=currency) if paid.orders else None
        return SalesFigures(
            date_from=period.local(period.date_from),
            date_to=period.local(stretch.date_to),
            counted_until=min(period.date_to, self.uow.now),
            revenue=Total(amount=gross - refunds, currency=currency),
            gross=Total(amount=gross, currency=currency),
            refunds=Total(amount=refunds, currency=currency),
            orders=sum(int(row.orders) for row in rows),
            paid_orders=paid.orders,
            units=sum(int(row.units) for row in rows),
            average_order_value=average,
            refund_rate=_share(refunds, gross),
            customers=customers[0],
            repeat_rate=_share(customers[1], customers[0]),
            order_conversion=_share(placed.paid, placed.placed),
            leads=leads.leads,
            lead_conversion=_share(leads.converted, leads.leads),
        )

    async def _trend(self, stretches: Stretches, currency: str) -> SalesTrend | Refusal:
        values = await self._daily(stretches, currency)
        if len(values) < LEAST_DAYS:
            return too_little(
                f"There are {len(values)} complete days since the first sale in this stretch.",
                f"{LEAST_DAYS} complete days",
            )
        found, errors = trend_of(values), backtest(values)
        direction = "up" if found.low > 0 else "down" if found.high < 0 else "flat"
        return SalesTrend(
            direction=direction,
            change_per_week=Total(amount=round(found.slope * WEEK), currency=currency),
            evidence=TrendEvidence(
                interval=Interval(low=round(found.low * WEEK, 2), high=round(found.high * WEEK, 2)),
                backtest=errors
                and Backtest(
                    measure="mean absolute error of a week's revenue, in minor units",
                    error=round(errors.error, 2),
                    naive_error=round(errors.naive, 2),
                    naive="the revenue of the week before",
                    origins=errors.origins,
                    beats_naive=errors.error < errors.naive,
                ),
                days=len(values),
                method=_METHOD,
            ),
        )

    async def _daily(self, stretches: Stretches, currency: str) -> list[float]:
        """Revenue of each complete day of the stretch since the first sale of all."""
        first = await self.rows.first_money_at(currency)
        period = stretches.happened.model_copy(update={"grain": Grain.DAY})
        assert period.date_from
        assert period.date_to
        if first is None:
            return []
        start = period.local(max(first, period.date_from))
        day, end = start.date(), period.local(period.date_to).date()
        if start > _start_of(period, start) and first <= period.date_from:
            day += timedelta(days=1)
        rows = {row.period.date(): row for row in await self.rows.sales(period, currency)}
        values = []
        while day < end:
            row = rows.get(day)
            values.append(float(int(row.captured) - int(row.refunded)) if row else 0.0)
            day += timedelta(days=1)
        return values


def _start_of(period: GrainedPeriod, local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _growth(now: SalesFigures, before: SalesFigures) -> Growth:
    def of(name: str) -> float | None:
        new, old = (_number(getattr(figures, name)) for figures in (now, before))
        return round((new - old) / old, 4) if new is not None and old is not None and old > 0 else None

    return Growth(**{name: of(name) for name in Growth.model_fields})


def _number(value: Total | int | None) -> int | None:
    return value.amount if isinstance(value, Total) else value
