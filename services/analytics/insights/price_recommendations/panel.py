"""The weeks of the best selling variants: what was sold, at which price."""

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Float, and_, cast, func, select

from libs.common.db.unit_of_work import UnitOfWork
from services.analytics.facts.models import OrderFact, OrderLineFact, PriceFact
from services.analytics.insights.price_recommendations.elasticity import Week
from services.analytics.reports.period import Grain, GrainedPeriod
from services.analytics.reports.repository import ReportRepository

_WEEKS = 104
_MOST_VARIANTS = 200
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Panel:
    """The complete weeks of one variant since its first sale, and the price asked now, in minor units."""

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    weeks: list[Week]
    current: int


class PanelRepository(ReportRepository):
    """Reads panels, by the weeks of a time zone."""

    def __init__(self, uow: UnitOfWork, tz: str) -> None:
        super().__init__(uow)
        self.tz = tz
        self.now = uow.now

    async def read(self) -> tuple[str, list[Panel]]:
        """The currency, and the panels of the variants that brought most; two years at most."""
        currency = await self.currency(None)
        clock = GrainedPeriod(tz=self.tz)
        today = clock.local(self.now).date()
        monday = today - timedelta(days=today.weekday())
        period = GrainedPeriod(
            date_from=clock.start(datetime.combine(monday - _WEEKS * _WEEK, time())),
            date_to=clock.start(datetime.combine(monday, time())),
            tz=self.tz,
            currency=currency,
            grain=Grain.WEEK,
        )
        best = await self._best(period, currency)
        variants = [row.variant_id for row in best]
        sold: dict[UUID, dict[datetime, Any]] = defaultdict(dict)
        for row in await self._weeks(period, currency, variants):
            sold[row.variant_id][row.period] = row
        busy = {row.period: float(row.units) for row in await self._busy(period, currency)}
        asked = await self._prices(currency, variants)
        end = datetime.combine(monday, time())
        return currency, [
            _panel(row, sold[row.variant_id], busy, asked[row.variant_id], clock, end) for row in best
        ]

    def _paid(self, period: GrainedPeriod, currency: str, *columns: Any) -> Any:
        return (
            select(*columns)
            .join(
                OrderFact,
                and_(
                    OrderFact.tenant_id == OrderLineFact.tenant_id,
                    OrderFact.order_id == OrderLineFact.order_id,
                ),
            )
            .where(
                OrderLineFact.tenant_id == self.tenant_id,
                OrderLineFact.currency == currency,
                OrderLineFact.quantity > 0,
                OrderLineFact.total > 0,
                *period.holds(OrderFact.paid_at),
            )
        )

    async def _best(self, period: GrainedPeriod, currency: str) -> list[Any]:
        total = func.sum(OrderLineFact.total)
        last = func.max(OrderLineFact.name).label("name"), func.max(OrderLineFact.sku).label("sku")
        key = OrderLineFact.variant_id, OrderLineFact.product_id
        statement = (
            self._paid(period, currency, *key, *last)
            .group_by(*key)
            .order_by(total.desc(), OrderLineFact.variant_id)
            .limit(_MOST_VARIANTS)
        )
        return list((await self.session.execute(statement)).all())

    async def _weeks(self, period: GrainedPeriod, currency: str, variants: list[UUID]) -> list[Any]:
        """Pieces a week and the median of what a piece cost: large orders at a discount do not set the price."""
        bucket = period.bucket(OrderFact.paid_at).label("period")
        each = cast(OrderLineFact.total, Float) / OrderLineFact.quantity
        statement = (
            self._paid(
                period,
                currency,
                OrderLineFact.variant_id,
                bucket,
                func.sum(OrderLineFact.quantity).label("units"),
                func.percentile_cont(0.5).within_group(each).label("price"),
            )
            .where(OrderLineFact.variant_id.in_(variants))
            .group_by(OrderLineFact.variant_id, bucket)
        )
        return list((await self.session.execute(statement)).all())

    async def _busy(self, period: GrainedPeriod, currency: str) -> list[Any]:
        bucket = period.bucket(OrderFact.paid_at).label("period")
        units = func.sum(OrderLineFact.quantity).label("units")
        return list(
            (await self.session.execute(self._paid(period, currency, bucket, units).group_by(bucket))).all()
        )

    async def _prices(self, currency: str, variants: list[UUID]) -> dict[UUID, list[tuple[datetime, int]]]:
        """What each variant was to cost, oldest first."""
        statement = (
            select(PriceFact.variant_id, PriceFact.changed_at, PriceFact.price)
            .where(
                PriceFact.tenant_id == self.tenant_id,
                PriceFact.currency == currency,
                PriceFact.variant_id.in_(variants),
            )
            .order_by(PriceFact.variant_id, PriceFact.changed_at)
        )
        found: dict[UUID, list[tuple[datetime, int]]] = defaultdict(list)
        for row in await self.session.execute(statement):
            found[row.variant_id].append((row.changed_at, row.price))
        return found


def _panel(
    row: Any,
    sold: dict[datetime, Any],
    busy: dict[datetime, float],
    asked: list[tuple[datetime, int]],
    clock: GrainedPeriod,
    end: datetime,
) -> Panel:
    weeks: list[Week] = []
    week, price = min(sold), 0.0
    changes = [changed_at for changed_at, _ in asked]
    while week < end:
        found = sold.get(week)
        known = bisect_right(changes, clock.start(week + _WEEK))
        if found:
            price = float(found.price)
        elif known and asked[known - 1][1] > 0:
            price = float(asked[known - 1][1])
        units = float(found.units) if found else 0.0
        weeks.append(Week(units, price, busy.get(week, 0.0) - units, found is not None))
        week += _WEEK
    current = asked[-1][1] if asked and asked[-1][1] > 0 else max(1, round(weeks[-1].price))
    return Panel(row.variant_id, row.product_id, row.sku, row.name, weeks, current)
